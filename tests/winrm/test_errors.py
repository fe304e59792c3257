"""What a person is told of a node that cannot be spoken to: the cause, the next step, and within a bounded time."""

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.hunting import leaks
from tests.winrm.farm import stand_in
from tests.winrm.server import (
    Action,
    Authentication,
    Authority,
    CutAnswer,
    CutOutput,
    Drop,
    Fault,
    Hang,
    HttpError,
    Security,
    Silence,
    addresses,
    self_signed,
)

QUICK = {
    "keydeploy_call_timeout": 5,
    "keydeploy_connect_timeout": 2,
    "ansible_winrm_operation_timeout_sec": 1,
    "ansible_winrm_read_timeout_sec": 30,
}
BOUND = 30.0
"""Seconds for a run in which everything hangs as long as it may, on a busy machine."""

FAULTS: dict[str, tuple[Fault, str, str]] = {
    "drops": (Drop(Action.CREATE), "closed the connection", "event log"),
    "vanishes": (Drop(), "closed the connection", "event log"),
    "hangs": (Hang(), "did not answer within 5 s", "keydeploy_call_timeout"),
    "silent": (Silence(), "did not answer within 5 s", "keydeploy_call_timeout"),
    "refuses": (HttpError(401), "does not offer NTLM", "ansible_winrm_transport"),
    "breaks": (HttpError(500), "HTTP 5xx", "message_encryption"),
    "forbids": (HttpError(403), "refuses this user", "administrator"),
    "elsewhere": (HttpError(404), "no WinRM at this address", "ansible_port"),
    "small": (HttpError(413, over=150_000), "larger than it takes", "MaxEnvelopeSizekb"),
    "tiny": (HttpError(413), "larger than it takes", "MaxEnvelopeSizekb"),
    "cut": (CutOutput(), "cut or damaged", ""),
    "torn": (CutAnswer(), "closed the connection", "event log"),
}
TLS: dict[str, tuple[str, str]] = {
    "named": ("is for another name", "ansible_host"),
    "expired": ("has expired", "renew"),
    "unknown": ("nobody whom the controller trusts", "ansible_winrm_ca_trust_path"),
}


class Examined:
    """What the doctor said of a farm in which every host has a trouble of its own."""

    def __init__(self, folder: Path) -> None:
        self.stand = stand_in(folder, **QUICK)
        tls = ("trusted", *TLS, "bound")
        plain = (*FAULTS, "well", "wrong", "unencrypted")
        self.stand.add_farm("portal", *plain, *tls, "closed", "nowhere")
        with ExitStack() as servers:
            self._serve_ntlm(servers, plain)
            self._serve_tls(servers, folder, tls, first=len(plain) + 1)
            well = self.stand.addresses["well"]
            variables = self.stand.servers[well].variables(well)
            self.stand.set("nowhere", **{**variables, "ansible_host": "no-such-host.invalid"})
            began = time.monotonic()
            self.ran = self.stand.keydeploy("doctor", "--format", "json")
            self.seconds = time.monotonic() - began
            self.shown = self.stand.keydeploy("doctor", "-l", "trusted,wrong")
        self.nodes: Mapping[str, Any] = json.loads(self.ran.out)["nodes"]

    def trouble(self, host: str) -> dict[str, Any]:
        """Answer the check of *host* that failed."""
        failed: list[dict[str, Any]] = [check for check in self.nodes[host]["checks"] if check["finding"] == "fail"]
        assert len(failed) == 1, self.nodes[host]
        return failed[0]

    def _serve_ntlm(self, servers: ExitStack, hosts: tuple[str, ...]) -> None:
        servers.enter_context(self.stand.serve(Security(), *hosts, closed=["closed"]))
        for host, (fault, _, _) in FAULTS.items():
            self.stand.seen_by(host).misbehave(fault)
        self.stand.set("wrong", ansible_password="not the password")
        self.stand.set("unencrypted", ansible_winrm_message_encryption="never")

    def _serve_tls(self, servers: ExitStack, folder: Path, hosts: tuple[str, ...], first: int) -> None:
        authority = Authority(folder)
        at = dict(zip(hosts, addresses(first + len(hosts))[first:], strict=True))
        certificates = {
            at["trusted"]: authority.issue(at["trusted"]),
            at["named"]: authority.issue("another.example.com"),
            at["expired"]: authority.issue(at["expired"], lasts=timedelta(days=-1)),
            at["unknown"]: self_signed(folder, at["unknown"]),
            at["bound"]: authority.issue(at["bound"]),
        }
        bindings = {at["bound"]: certificates[at["trusted"]]}
        security = Security(authentication=Authentication.NTLM, certificates=certificates, bindings=bindings)
        servers.enter_context(self.stand.serve(security, *hosts, first=first))
        for host in hosts:
            self.stand.set(host, ansible_winrm_ca_trust_path=str(authority.file))


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """Examine all of them in one run."""
    return Examined(tmp_path_factory.mktemp("doctor") / "stand")


@pytest.mark.parametrize("host", FAULTS)
def test_each_fault_is_told_with_its_cause_and_the_next_step(examined: Examined, host: str) -> None:
    _, cause, hint = FAULTS[host]
    trouble = examined.trouble(host)

    assert cause in trouble["reason"]
    assert hint in (trouble["fix"] or "")


@pytest.mark.parametrize("host", TLS)
def test_each_doubt_about_a_certificate_is_told_apart(examined: Examined, host: str) -> None:
    cause, hint = TLS[host]
    trouble = examined.trouble(host)

    assert cause in trouble["reason"]
    assert hint in trouble["fix"]


@pytest.mark.parametrize(
    ("host", "cause", "hint"),
    [
        ("wrong", "refuses the user name or the password", "ansible_password"),
        ("bound", "refuses the user name or the password", "ansible_winrm_transport"),
        ("closed", "nobody listens on 127.", "ansible_port"),
        ("nowhere", "no-such-host.invalid cannot be resolved", "ansible_host"),
        ("unencrypted", "without encryption; nothing was sent", "keydeploy_allow_unencrypted"),
    ],
)
def test_what_is_set_up_wrongly_is_told_with_its_setting(examined: Examined, host: str, cause: str, hint: str) -> None:
    trouble = examined.trouble(host)

    assert cause in trouble["reason"]
    assert hint in trouble["fix"]


def test_a_node_that_is_well_is_told_to_be(examined: Examined) -> None:
    for host, wire in (("well", "messages are encrypted by ntlm"), ("trusted", "TLS")):
        checks = {check["name"]: check for check in examined.nodes[host]["checks"]}
        assert {check["finding"] for check in checks.values()} <= {"ok", "warn"}, checks
        assert checks["encryption"]["reason"] == wire
        assert checks["message size"]["finding"] == "ok"
    assert next(call.raw_size for call in examined.stand.seen_by("well").calls) > 200_000


def test_a_listener_whose_certificate_ends_soon_is_warned_of(examined: Examined) -> None:
    checks = {check["name"]: check for check in examined.nodes["trusted"]["checks"]}

    assert checks["certificate"]["finding"] == "warn"
    assert "expires in 0 days" in checks["certificate"]["reason"]


def test_it_ends_within_bounds_and_says_that_nodes_were_not_reached(examined: Examined) -> None:
    assert examined.seconds < BOUND
    assert (examined.ran.code, json.loads(examined.ran.out)["exit_code"]) == (4, 4)
    assert {node: found["reached"] for node, found in examined.nodes.items() if found["reached"]} == {
        "well": True,
        "trusted": True,
        "cut": True,
        "unencrypted": True,
    }


def test_a_person_reads_the_cause_and_the_hint_beside_the_node(examined: Examined) -> None:
    lines = examined.shown.out.splitlines()

    assert "trusted: works; something could be better" in lines
    assert "wrong: not fit for a roll-out" in lines
    reason = next(number for number, line in enumerate(lines) if "refuses the user name" in line)
    assert lines[reason + 1].startswith("    hint: check ansible_user")


def test_no_secret_is_in_what_was_said(examined: Examined) -> None:
    said = examined.ran.text + examined.shown.text

    assert leaks(examined.stand, examined.ran, examined.shown) == []
    assert "not the password" not in said
    assert "Marked-Passw0rd" not in said
