"""Asks Ansible what a rotation would replace, where that is kept, and how the farms stand; nothing is changed."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from keydeploy.cli import running
from keydeploy.cli.progress import progress
from keydeploy.engine import Arguments, Engine, Event
from keydeploy.errors import EngineError
from keydeploy.report.model import Report, Verb
from keydeploy.report.naming import named
from keydeploy.report.recorder import Recorder
from keydeploy.report.rotation import of_farms
from keydeploy.rotation.proposal import Proposal

ORDER = "keydeploy_rotation"
"""The variable that tells the playbook what was asked for."""
ACCEPT_IRREVERSIBLE = "keydeploy_accept_irreversible"
"""The variable under which superseded certificates would count as pending."""


def propose(
    options: argparse.Namespace, given: Arguments, day: str, messages: Console
) -> tuple[Proposal | None, Report, str | None]:
    """Answer what would be written and how the farms stand; without a proposal the report tells why."""
    order = {
        "names": options.names,
        "describe": options.print,
        "day": day,
        "pfx": _absolute(options.pfx),
        "pem": _absolute(options.pem),
        "password_file": _absolute(options.pfx_password_file),
        "irreversible": options.accept_irreversible,
    }
    asked = replace(given, extra_vars=[*given.extra_vars, json.dumps({ORDER: order, ACCEPT_IRREVERSIBLE: False})])
    recorder, hint, answer = Recorder(Verb.PLAN), None, dict[str, Any]()
    try:
        engine = Engine("rotate", asked)
        with running.stopping(engine, recorder, messages), progress(messages) as show:
            for event in engine.events():
                recorder.record(event)
                show(event)
                answer = event.result if _is_proposal(event) else answer
    except EngineError as error:
        recorder.failure, hint = error.message, error.hint
    report = named(recorder.report(), given.inventories)
    if answer.get("state") == "proposed" and not recorder.interrupted and not report.problems:
        proposal = Proposal.from_json(answer)
        return proposal, of_farms(report, {key.farm for key in proposal.keys}), None
    if answer.get("state") == "failed" and not report.problems:
        return None, replace(report, farms=(), failure=answer.get("cause")), answer.get("hint")
    return None, replace(report, farms=()), hint or recorder.hint


def _is_proposal(event: Event) -> bool:
    return event.kind == "result" and event.name == "renew" and "state" in event.result


def _absolute(name: str | None) -> str | None:
    return str(Path(name).expanduser().absolute()) if name else None
