"""Reports as pages for the browser: small and large, tame and hostile, one run and two."""

import dataclasses
from collections.abc import Mapping
from datetime import date

from keydeploy.edit import Difference
from keydeploy.plan import Operation
from keydeploy.report.comparison import compare
from keydeploy.report.html import render, render_comparison
from keydeploy.report.model import Made, NodeReport, Report, Verb, Verdict
from keydeploy.report.saved import Saved
from keydeploy.spec import Kind, Material
from tests.report.runs import CHANGED, MADE, SAME, SHAPES, SILENT, UNTOLD, farm, hostile, node, notice, run, silent

LONG = "very-long-name-of-a-node-without-a-single-blank-in-it." * 4 + "contoso.example"
_DAYS = (date(2025, 1, 30), date(2026, 1, 30), date(2026, 11, 30), date(2029, 1, 1))


def farms(size: int) -> Report:
    """Answer a farm of *size* nodes with 12 things each, and a small one.

    Some nodes differ, one is silent, one was not looked at, and on one something cannot be compared.
    """
    nodes = [_node(number) for number in range(1, size + 1)]
    materials = tuple(
        Material(address=f"machine_keys.application{number}", created=_DAYS[0], due=due)
        for number, due in enumerate((*_DAYS[1:], None))
    )
    portal = farm(Verdict.REFUSED, *nodes, reasons=(SILENT,), not_looked_at=("web51",), materials=materials)
    shop = farm(Verdict.IN_ORDER, node("shop1", SAME), name="shop", waves=(("shop1",), ("shop2",)))
    return run(Verb.DRIFT, portal, shop, policy=tuple(notice(kind) for kind in Kind), notes=("there is no list",))


def _node(number: int) -> NodeReport:
    if number == 2:
        return silent("web2")
    operations = [_named(SAME, each) for each in range(11)]
    operations.append(UNTOLD if number == 7 else _named(CHANGED if number % 9 == 0 else SAME, 11))
    return node(f"web{number}.eu-west.contoso.example", *operations)


def _named(operation: Operation, number: int) -> Operation:
    readers = ("Administrators", f"IIS AppPool\\Application{number}", "SYSTEM") if number < 4 else ()
    return dataclasses.replace(operation, address=f"applications.application{number}.machine_key", readers=readers)


def lengthy() -> Report:
    """Answer a report in which every name and text is one long word."""
    path = "C:\\" + "inetpub\\wwwroot_" * 20 + "web.config"
    changed = dataclasses.replace(
        CHANGED,
        address=f"applications.{LONG}",
        target=path,
        differences=(Difference(LONG, path, LONG),),
        readers=(LONG,),
    )
    told = dataclasses.replace(SILENT, node=LONG, text=path, hint=f"keydeploy doctor {path}")
    found = farm(Verdict.REFUSED, node(LONG, changed), silent("web2"), name=LONG, reasons=(told,), spec="d1" * 99)
    return run(Verb.DRIFT, found, notes=(path,), skipped=(LONG,), run="5c2d" * 40)


def _compared(old: Report, new: Report) -> str:
    return render_comparison(compare(Saved(old, Made("2026-11-20T23:00:00+00:00", "1.2.3")), Saved(new, MADE)))


PAGES: Mapping[str, str] = {
    "large": render(farms(50), MADE),
    "farms": render(farms(9), MADE),
    "lengthy": render(lengthy(), MADE),
    "hostile": render(hostile(), MADE),
    **{name: render(SHAPES[name], MADE) for name in ("in order", "drifted", "applied", "expired", "split", "invalid")},
    **{name: render(SHAPES[name], MADE) for name in ("failed", "nothing declared", "taken back")},
    "two runs": _compared(SHAPES["in order"], farms(9)),
    "two long runs": _compared(lengthy(), lengthy()),
    "two hostile runs": _compared(hostile(), SHAPES["drifted"]),
}
