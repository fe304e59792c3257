"""A run as JUnit XML, for CI servers: a suite for the run, and one for each farm.

Sources: the schema of Jenkins' xUnit plugin, junit-10.xsd; GitLab, "Unit test reports": a case is known by its
classname and name, and of two with the same names only one is shown.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, count
from xml.etree import ElementTree

from keydeploy.report.cases import Case, Result, cases_of_farm, cases_of_run
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import Made, Report
from keydeploy.report.visible import visible

_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document can hold, escaped or not; section 2.2."""
_OF_THE_RUN = "keydeploy"
"""The name of the suite that is no farm's."""


def render(report: Report, made: Made) -> str:
    """Answer *report*, which was *made* so, as an XML document."""
    told = {"keydeploy": made.version, "verb": report.verb.value, "run": report.run, "time": made.time}
    if report.check:
        told["check"] = "true"
    root = ElementTree.Element("testsuites", {"name": f"keydeploy {report.verb.value}"})
    of_run = {**told, "exit_code": str(int(exit_code(report)))}
    suites = [_suite(_OF_THE_RUN, cases_of_run(report), of_run, made)]
    for farm in report.farms:
        of_farm = {**told, "spec": farm.spec, "verdict": farm.verdict.value}
        suites.append(_suite(farm.farm, cases_of_farm(farm, report.verb), of_farm, made))
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    if report.timings:
        seconds = f"{sum(step.seconds for step in report.timings):.3f}"
        for element in (root, suites[0]):
            element.set("time", seconds)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(name: str, cases: Iterable[Case], told: Mapping[str, str], made: Made) -> ElementTree.Element:
    found = list(_distinct(cases))
    results = Counter(case.result for case in found)
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _clean(name),
            "tests": str(len(found)),
            "failures": str(results[Result.FAILURE]),
            "errors": str(results[Result.ERROR]),
            "skipped": str(results[Result.SKIPPED]),
            # Readers of the first JUnit formats know no offset.
            "timestamp": datetime.fromisoformat(made.time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in told.items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": _clean(value)})
    suite.extend(_testcase(name, case) for case in found)
    return suite


def _testcase(suite: str, case: Case) -> ElementTree.Element:
    testcase = ElementTree.Element("testcase", {"classname": _clean(suite), "name": _clean(case.name)})
    if case.result is Result.PASSED:
        if case.text:
            ElementTree.SubElement(testcase, "system-out").text = _clean(case.text)
        return testcase
    told = {"type": case.kind, "message": _clean(case.message)}
    ElementTree.SubElement(testcase, case.result.value, told).text = _clean(case.text)
    return testcase


def _distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield *cases*, with a number behind a name that has been there already."""
    taken: set[str] = set()
    for case in cases:
        numbered = (f"{case.name} ({number})" for number in count(2))
        name = next(each for each in chain([case.name], numbered) if each not in taken)
        taken.add(name)
        yield replace(case, name=name)


def _clean(text: str) -> str:
    """Answer *text* with a sign for each character that XML cannot hold, or that would control a screen."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", visible(text))
