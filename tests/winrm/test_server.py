"""Proves with real `ansible-playbook` runs that the WinRM test server is one, and that each of its faults is felt.

What Ansible reports of each fault is written down here, because keydeploy has to explain it.
"""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol

from tests.engine.farm import CALLBACKS, COMMANDS
from tests.winrm.server import (
    Action,
    Authentication,
    Authority,
    Call,
    CutAnswer,
    CutOutput,
    Delay,
    Drop,
    Fault,
    Hang,
    HttpError,
    Node,
    Security,
    Silence,
    WinRmServer,
    addresses,
    self_signed,
)

MODULE = "lab.nodes.win_probe"
SCRIPT = """#!powershell
#AnsibleRequires -CSharpUtil ..module_utils.Probe
[Lab.Probe]::Answer($complex_args.request)
"""
CSHARP = "namespace Lab\r\n{\r\n    public static class Probe { /* Ünicode \\ \0 */ }\r\n}\r\n"
MARKER = "Marked-Secret-of-the-request"
BIG = 300_000
"""Bytes of a request that takes several Sends, and whose answer takes several Receives."""

PLAIN = Security(authentication=Authentication.BASIC, allow_unencrypted=True)
IMPATIENT = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a callback of Ansible saw of one task on one host."""

    status: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lab:
    """A folder with a collection of one module, in which Ansible runs."""

    folder: Path

    def play(self, hosts: Mapping[str, Mapping[str, Any]], tasks: int = 1) -> dict[str, list[Outcome]]:
        """Run the module *tasks* times on all *hosts* at once, going on after failures; answer what came of it."""
        inventory, playbook, dump = (self.folder / name for name in ("inventory.yml", "playbook.yml", "dump"))
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {name: dict(own) for name, own in hosts.items()}}}))
        task = {MODULE: {"request": f"{{{{ request | default('{MARKER}') }}}}"}, "timeout": "{{ limit | default(60) }}"}
        plays = [{"hosts": "all", "gather_facts": False, "ignore_errors": True, "tasks": [task] * tasks}]
        playbook.write_text(yaml.safe_dump(plays))
        dump.unlink(missing_ok=True)
        self._run([str(COMMANDS / "ansible-playbook"), "-f", "50", "-i", str(inventory), str(playbook)], dump)
        found: dict[str, list[Outcome]] = {name: [] for name in hosts}
        for seen in map(json.loads, dump.read_text("utf-8").splitlines()):
            found[seen["host"]].append(Outcome(seen["status"], seen["result"]))
        return found

    def _run(self, command: Sequence[str], dump: Path) -> None:
        # A proxy would stand between Ansible and the nodes.
        foreign = [name for name in os.environ if name.startswith("ANSIBLE") or name.upper().endswith("_PROXY")]
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "dump",
            "DUMP_FILE": str(dump),
            "HOME": str(self.folder),
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=kept | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert dump.exists(), done.stdout + done.stderr


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    plugins = folder / "ansible_collections/lab/nodes/plugins"
    for file, text in {"modules/win_probe.ps1": SCRIPT, "module_utils/Probe.cs": CSHARP}.items():
        (plugins / file).parent.mkdir(parents=True)
        (plugins / file).write_bytes(text.encode())
    return Lab(folder)


def echo(call: Call) -> str:
    return json.dumps({"changed": False, "echo": call.arguments["request"]})


def spread(server: WinRmServer, names: Sequence[str]) -> dict[str, Node]:
    """Give the nodes of *server* names."""
    return dict(zip(names, server.nodes.values(), strict=True))


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that is over, its server stopped without errors; nodes and outcomes have the names of hosts."""

    nodes: Mapping[str, Node]
    outcomes: Mapping[str, list[Outcome]]

    def fact(self, host: str) -> tuple[str, str]:
        """Answer how the last task ended on *host*, and Ansible's message."""
        last = self.outcomes[host][-1]
        return last.status, last.result.get("msg", "")


# Basic over http, with a node for every fault.

FAULTS: dict[str, tuple[Fault, Mapping[str, Any]]] = {
    "slow": (Delay(2.5), IMPATIENT),
    "hangs": (Hang(), {"limit": 5}),
    "drops": (Drop(), {}),
    "refuses": (HttpError(401), {}),
    "broken": (HttpError(500), {}),
    "small": (HttpError(413, over=50_000), IMPATIENT),
    "silent": (Silence(), IMPATIENT),
    "falls_silent": (Silence(at=Action.RECEIVE), IMPATIENT),
    "ends_early": (CutOutput(), {}),
    "cut_off": (CutAnswer(), {}),
}
"""Each fault with variables of its host, which keep the run short."""


@pytest.fixture(scope="module")
def faulty(lab: Lab) -> Ran:
    names, closed = ["well", "talkative", "stranger", *FAULTS], "127.0.99.1"
    with WinRmServer(addresses(len(names)), echo, PLAIN, closed=[closed]) as server:
        nodes = spread(server, names)
        hosts = {name: server.variables(node.address) for name, node in nodes.items()}
        for name, (fault, variables) in FAULTS.items():
            nodes[name].misbehave(fault)
            hosts[name] |= variables
        hosts["talkative"]["request"] = "x" * BIG
        hosts["stranger"]["ansible_password"] = "wrong"
        hosts["closed"] = server.variables(closed)
        return Ran(nodes, lab.play(hosts))


def test_a_module_is_answered_over_basic(faulty: Ran) -> None:
    well = faulty.nodes["well"]

    assert faulty.outcomes["well"] == [Outcome("ok", faulty.outcomes["well"][0].result)]
    assert faulty.outcomes["well"][0].result["echo"] == MARKER
    assert well.actions == [
        Action.CREATE,
        Action.COMMAND,
        Action.SEND,
        Action.RECEIVE,
        Action.SIGNAL,
        Action.DELETE,
    ]
    assert (well.open_shells, well.open_commands) == (0, 0)


def test_a_call_is_decoded_from_what_crossed_the_wire(faulty: Ran) -> None:
    well = faulty.nodes["well"]
    call = well.calls[0]

    assert (call.node, call.module, call.arguments) == (well.address, MODULE, {"request": MARKER})
    assert call.csharp == {"Probe.cs": CSHARP}
    assert len(CSHARP) < call.raw_size < well.exchanges[2].received_size


def test_what_was_not_encrypted_is_exposed(faulty: Ran) -> None:
    exposed = faulty.nodes["well"].exposed()

    assert MARKER.encode() in exposed  # twice: in the call and in the answer
    assert PLAIN.account.password.encode() in exposed


def test_much_is_sent_and_received_in_pieces(faulty: Ran) -> None:
    talkative = faulty.nodes["talkative"]

    assert faulty.outcomes["talkative"][0].result["echo"] == "x" * BIG
    assert talkative.actions.count(Action.SEND) == 2
    assert talkative.actions.count(Action.RECEIVE) == 4


def test_an_answer_later_than_the_operation_timeout_is_polled_for(faulty: Ran) -> None:
    polls = [found.status for found in faulty.nodes["slow"].exchanges if found.action is Action.RECEIVE]

    assert faulty.outcomes["slow"][0].result["echo"] == MARKER
    assert polls == [*[500] * (len(polls) - 1), 200]
    assert len(polls) > 1


@pytest.mark.parametrize(
    ("host", "status", "message"),
    [
        ("stranger", "unreachable", "basic: the specified credentials were rejected by the server"),
        ("closed", "unreachable", "Connection refused"),
        ("hangs", "failed", "Timed out after 5 second(s)."),
        ("drops", "failed", "Remote end closed connection without response"),
        ("refuses", "unreachable", "basic: the specified credentials were rejected by the server"),
        ("broken", "unreachable", "basic: Bad HTTP response returned from server. Code 500"),
        ("small", "failed", "winrm send_input failed"),
        ("silent", "unreachable", "Read timed out. (read timeout=3)"),
        ("falls_silent", "unreachable", "winrm connection error: "),
        ("ends_early", "failed", "Module result deserialization failed: No end of json char found"),
        ("cut_off", "failed", "Connection broken: IncompleteRead("),
    ],
)
def test_ansible_feels_every_fault(faulty: Ran, host: str, status: str, message: str) -> None:
    found = faulty.fact(host)

    assert found[0] == ("ignored" if status == "failed" else status)
    assert message in found[1]
    assert (host in FAULTS) == (host in faulty.nodes and faulty.nodes[host].struck > 0)


def test_the_status_413_stands_in_a_warning_alone(faulty: Ran) -> None:
    assert "413" not in faulty.fact("small")[1]
    assert "Code 413" in faulty.outcomes["small"][0].result["warnings"][0]


def test_a_node_that_is_cut_off_has_done_its_work(faulty: Ran) -> None:
    assert [len(faulty.nodes[host].calls) for host in ("drops", "ends_early", "cut_off")] == [0, 1, 1]


# NTLM with sealed messages over http.


@pytest.fixture(scope="module")
def sealed(lab: Lab) -> Ran:
    together = threading.Barrier(2)

    def answering(call: Call) -> str:
        if call.node in meeting:
            together.wait(60)
        return echo(call)

    names = ["one", "two", "unsealed", "stranger", "relapses"]
    with WinRmServer(addresses(len(names)), answering, Security()) as server:
        nodes = spread(server, names)
        meeting = {nodes["one"].address, nodes["two"].address}
        hosts = {name: server.variables(node.address) for name, node in nodes.items()}
        hosts["unsealed"]["ansible_winrm_message_encryption"] = "never"
        hosts["stranger"]["ansible_password"] = "wrong"
        nodes["relapses"].misbehave(CutAnswer(), after=1, times=1)
        return Ran(nodes, lab.play(hosts, tasks=3))


def test_a_node_that_waits_for_another_does_not_block_it(sealed: Ran) -> None:
    assert [outcome.status for host in ("one", "two") for outcome in sealed.outcomes[host]] == ["ok"] * 6


def test_nothing_of_a_sealed_message_is_exposed(sealed: Ran) -> None:
    one = sealed.nodes["one"]

    assert one.calls[0].arguments == {"request": MARKER}
    assert one.actions[:4] == [*[Action.AUTHENTICATE] * 3, Action.CREATE]
    for hidden in (MARKER, "public static class", "Envelope", Security().account.password):
        assert hidden.encode() not in one.exposed()


def test_a_message_that_is_not_sealed_is_refused(sealed: Ran) -> None:
    unsealed = sealed.nodes["unsealed"]

    assert sealed.fact("unsealed") == (
        "unreachable",
        "Task failed: ntlm: Bad HTTP response returned from server. Code 500",
    )
    assert (unsealed.calls, unsealed.open_shells) == ([], 0)
    assert b"Envelope" in unsealed.exposed()
    assert MARKER.encode() not in unsealed.exposed()


def test_a_wrong_password_is_refused(sealed: Ran) -> None:
    assert sealed.fact("stranger") == (
        "unreachable",
        "Task failed: ntlm: the specified credentials were rejected by the server",
    )


def test_a_fault_can_strike_one_call_only(sealed: Ran) -> None:
    relapses = sealed.nodes["relapses"]

    assert [outcome.status for outcome in sealed.outcomes["relapses"]] == ["ok", "ignored", "ok"]
    assert len(relapses.calls) == 3
    # A client that loses its connection cannot seal a farewell for another.
    assert (relapses.open_shells, relapses.open_commands) == (1, 1)


# NTLM over TLS, bound to the channel.


@pytest.fixture(scope="module")
def bound(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("certificates")
    names = ["well", "unbound", "between", "misnamed", "expired", "foreign", "self_signed", "silent"]
    nodes = dict(zip(names, addresses(len(names)), strict=True))
    authority = Authority(folder)
    certificates = {address: authority.issue(address) for address in nodes.values()} | {
        nodes["misnamed"]: authority.issue("web1.example.com"),
        nodes["expired"]: authority.issue(nodes["expired"], lasts=timedelta(days=-1)),
        nodes["foreign"]: Authority(folder, "foreign").issue(nodes["foreign"]),
        nodes["self_signed"]: self_signed(folder, nodes["self_signed"]),
    }
    bindings = {nodes["between"]: certificates[nodes["well"]]}
    with WinRmServer(list(nodes.values()), echo, Security(certificates=certificates, bindings=bindings)) as server:
        trust = {"ansible_winrm_ca_trust_path": str(authority.file)}
        hosts = {name: server.variables(address) | trust for name, address in nodes.items()}
        hosts["unbound"]["ansible_winrm_send_cbt"] = False
        hosts["silent"] |= IMPATIENT
        server.nodes[nodes["silent"]].misbehave(Silence())
        return Ran(spread(server, names), lab.play(hosts))


def test_a_client_that_is_bound_to_the_channel_passes(bound: Ran) -> None:
    well = bound.nodes["well"]

    assert bound.outcomes["well"][0].result["echo"] == MARKER
    assert len(well.calls) == 1
    assert all(exchange.tls for exchange in well.exchanges)
    assert well.exposed() == b""


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("unbound", "ntlm: the specified credentials were rejected by the server"),
        ("between", "ntlm: the specified credentials were rejected by the server"),
        ("misnamed", "certificate is not valid for"),
        ("expired", "certificate verify failed: certificate has expired"),
        ("foreign", "certificate verify failed: unable to get local issuer certificate"),
        ("self_signed", "certificate verify failed: self-signed certificate"),
        ("silent", "Read timed out. (read timeout=3)"),
    ],
)
def test_no_other_client_or_node_passes(bound: Ran, host: str, message: str) -> None:
    status, found = bound.fact(host)

    assert status == "unreachable"
    assert message in found
    assert bound.nodes[host].calls == []


def test_a_certificate_that_the_client_refuses_is_recorded(bound: Ran) -> None:
    assert set(bound.nodes["expired"].actions) == {Action.CONNECT}


# Without Ansible.


@pytest.fixture
def pair() -> Iterator[WinRmServer]:
    with WinRmServer(addresses(2), echo, PLAIN, closed=["127.0.99.1"]) as server:
        yield server


def client(server: WinRmServer, node: str) -> Protocol:
    account, endpoint = server.security.account, f"http://{node}:{server.port}/wsman"
    # Nothing from the environment: no proxy and no other bundle of authorities.
    return Protocol(endpoint, "basic", account.user, account.password, proxy=None, ca_trust_path=None)  # type: ignore[arg-type]


def test_all_nodes_listen_on_one_port_and_a_closed_one_on_none(pair: WinRmServer) -> None:
    for node in pair.nodes:
        socket.create_connection((node, pair.port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.99.1", pair.port))


def test_two_servers_can_have_the_same_nodes(pair: WinRmServer) -> None:
    with WinRmServer(list(pair.nodes), echo, PLAIN) as other:
        assert other.port != pair.port


def test_what_is_left_open_is_counted(pair: WinRmServer) -> None:
    address, node = next(iter(pair.nodes.items()))
    speaker = client(pair, address)
    shell = speaker.open_shell()
    speaker.run_command(shell, "powershell", console_mode_stdin=False)

    assert (node.open_shells, node.open_commands) == (1, 1)
    speaker.close_shell(shell)
    assert (node.open_shells, node.open_commands) == (0, 0)


def test_a_shell_that_is_no_more_is_a_fault(pair: WinRmServer) -> None:
    with pytest.raises(WSManFaultError, match="NO_SUCH_SHELL"):
        client(pair, next(iter(pair.nodes))).run_command("nonsense", "powershell")


def test_what_fails_inside_is_raised_by_stop() -> None:
    server = WinRmServer(addresses(1), echo, PLAIN)
    server.start()
    speaker = client(server, "127.0.1.1")
    shell = speaker.open_shell()
    command = speaker.run_command(shell, "ipconfig")
    _, errors, code = speaker.get_command_output(shell, command)
    with pytest.raises(ExceptionGroup) as raised:
        server.stop()

    assert (errors, code) == (b"the test's node has failed", 1)
    assert [str(error) for error in raised.value.exceptions] == ["no payload of Ansible's exec wrapper"]


def test_a_fault_that_could_not_strike_is_refused(pair: WinRmServer) -> None:
    with pytest.raises(AssertionError, match="nothing strikes a connection at Answer"):
        next(iter(pair.nodes.values())).misbehave(Drop(at=Action.ANSWER))


def test_bytes_that_were_not_kept_are_not_searched() -> None:
    with WinRmServer(addresses(1), echo, PLAIN, kept=100) as server:
        client(server, "127.0.1.1").open_shell()

        with pytest.raises(AssertionError, match="more crossed the wire"):
            server.nodes["127.0.1.1"].exposed()


def test_stop_ends_what_hangs_and_closes_the_port() -> None:
    with WinRmServer(addresses(1), echo, PLAIN) as server:
        server.nodes["127.0.1.1"].misbehave(Silence())
        waiting = socket.create_connection(("127.0.1.1", server.port))
        waiting.sendall(b"POST /wsman HTTP/1.1\r\n\r\n")
    with waiting:
        waiting.settimeout(30)
        assert ended(waiting)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.1.1", server.port))


def ended(connection: socket.socket) -> bool:
    """Tell that the other side has closed, in order or because there was something that it had not read."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
