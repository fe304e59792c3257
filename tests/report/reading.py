"""Reads records with the tools that they are made for, and fails where those would."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import xmlschema
from junitparser import JUnitXml, TestCase, TestSuite
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import missing
from tests.lint import sarif_schema

Samples = dict[str, dict[frozenset[tuple[str, str]], float]]
"""The values of each metric, by their labels."""


def junit(text: str) -> dict[tuple[str, str], TestCase]:
    """Answer the cases of a JUnit document that is as the schema says, by suite and name."""
    _schema().validate(text)
    document = JUnitXml.fromstring(text.encode())
    return {(suite.name, case.name): case for suite in document for case in suite}


def suites(text: str) -> list[TestSuite]:
    """Answer the suites of a JUnit document."""
    return list(JUnitXml.fromstring(text.encode()))


def properties(suite: TestSuite) -> dict[str, str]:
    """Answer the properties of a suite."""
    return {each.name: each.value for each in suite.properties()}  # type: ignore[no-untyped-call]


def results(text: str) -> dict[tuple[str, str], str]:
    """Answer how each case of a JUnit document ended: `passed`, or the name of the element that says otherwise."""
    return {
        name: str(case.result[0]._tag) if case.result else "passed"  # junitparser has no other name for it
        for name, case in junit(text).items()
    }


def sarif(log: dict[str, Any]) -> dict[str, Any]:
    """Answer the run of a SARIF log that is as its official schema says."""
    sarif_schema.validator().validate(log)
    (run,) = log["runs"]
    return dict(run)


def prometheus(text: str) -> Samples:
    """Answer the samples of a text in Prometheus' format; raises `ValueError` where it is none, or has one twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge", family.name
        assert family.documentation
        values = found.setdefault(family.name, {})
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in values, (sample.name, labels)
            values[labels] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """Answer the value of the one sample of *name* with *labels*, None where there is none."""
    found = [value for told, value in samples.get(name, {}).items() if labels.items() <= dict(told).items()]
    assert len(found) <= 1
    return found[0] if found else None


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own tool."""
    tool = shutil.which("promtool")
    if tool is None:
        missing("promtool (Debian: prometheus)")
    return subprocess.run(
        [tool, *arguments], input=text, capture_output=True, text=True, check=False, env=os.environ | {"TZ": "UTC"}
    )


@cache
def _schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
