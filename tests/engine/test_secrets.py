"""Law 1: no secret leaves the place where it is used, whatever goes wrong and however much is logged."""

import base64
from pathlib import Path

import pytest

from tests.engine.conftest import HOSTILE, HostileRun
from tests.engine.farm import CALLBACKS, DECRYPTION_KEY, PASSWORD, VALIDATION_KEY, Stand, fault, reasons
from tests.engine.hunting import find, forms, leaks

DUMP = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "dump"}
EVERYTHING = {"ANSIBLE_DISPLAY_TRACEBACK": "always", "ANSIBLE_LOG_PATH": "ansible.log", **DUMP}

BROKEN_INSIDE = """
import keydeploy.observation
from keydeploy.node.contract import FileState

def observe(spec, response, accepted):
    shown = [file.content.reveal() for file in response.all(FileState) if file.content]
    raise RuntimeError(repr(shown), *(secret.reveal() for secret in spec.secrets().values()))

keydeploy.observation.observe = observe
"""
"""An internal error whose text quotes all that must not be quoted."""


@pytest.mark.parametrize(
    "planted",
    [
        VALIDATION_KEY.encode(),
        VALIDATION_KEY.lower().encode(),
        VALIDATION_KEY[16:80].encode(),
        VALIDATION_KEY.encode("utf-16-le"),
        PASSWORD.encode("utf-16-be"),
        PASSWORD.upper().encode(),
        bytes.fromhex(DECRYPTION_KEY),
        base64.b64encode(bytes.fromhex(DECRYPTION_KEY)),
        base64.b64encode(f'<machineKey decryptionKey="{DECRYPTION_KEY}"/>'.encode()),
        base64.urlsafe_b64encode(f"Password={PASSWORD};".encode()),
    ],
)
def test_the_hunt_finds_every_form_of_a_secret(planted: bytes) -> None:
    wanted = forms()

    assert find(b"before " + planted + b" after", wanted)
    assert not find(b"before " + planted[:7] + b" after", wanted)


def test_nothing_leaks_under_a_hostile_configuration(hostile_run: HostileRun) -> None:
    assert (hostile_run.stand.folder / "ansible.log").stat().st_size > 0
    assert hostile_run.ran.dumped
    assert leaks(hostile_run.stand, hostile_run.ran) == []


def test_results_name_secrets_by_their_address(hostile_run: HostileRun) -> None:
    observed = hostile_run.ran.results("observe")["well1"]["observation"]
    pieces = [piece for edit in observed["to_stage"][0]["edits"] for piece in edit["pieces"]]

    assert pieces == [
        {"reference": "machine_keys.portal.validation_key"},
        {"reference": "machine_keys.portal.decryption_key"},
    ]


def test_nothing_leaks_from_the_command_line(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("well", "well1", "well2").add_farm("cut", "cut1", "cut2")
    stand.configure(**HOSTILE)
    stand.behave("cut2", fault("journal.commit", "cut"))

    apply = stand.keydeploy("apply", "-vvvvv", "--diff", env=EVERYTHING)
    drift = stand.tell("drift", "--diff", env=EVERYTHING)

    assert (apply.code, drift.code) == (1, 2)
    assert "+(machine_keys.portal.validation_key)" in apply.out
    assert leaks(stand, apply, drift) == []


def test_nothing_leaks_when_values_cannot_be_resolved_or_are_wrong(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2", "web3")
    stand.set("web1", vault_portal={"validation_key": VALIDATION_KEY})
    stand.set("web2", vault_portal={"validation_key": VALIDATION_KEY + "0", "decryption_key": f"{DECRYPTION_KEY}{{{{"})
    stand.set("web3", vault_portal={"validation_key": VALIDATION_KEY + PASSWORD, "decryption_key": [DECRYPTION_KEY]})

    ran = stand.tell("apply", "-vvvvv", env=EVERYTHING)

    assert ran.code == 3
    assert len(ran.report["problems"]) >= 5
    assert leaks(stand, ran) == []
    assert stand.calls("web1") == []


def test_nothing_leaks_from_the_neighbours_of_a_broken_connection_variable(tmp_path: Path) -> None:
    """Ansible quotes the lines around such a mistake, and they may hold keys."""
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    stand.set("web2", before=PASSWORD, ansible_host="{{ nowhere }}", after=DECRYPTION_KEY)

    ran = stand.keydeploy("apply", "-vvvvv", env={"ANSIBLE_DISPLAY_TRACEBACK": "always"})

    assert ran.code == 1
    assert "web2: it gave no answer" in ran.out
    assert leaks(stand, ran) == []


def test_nothing_leaks_from_an_internal_error(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/sitecustomize.py").write_text(BROKEN_INSIDE, "utf-8")
    # The event stream of the command line goes to the standard output here.
    events = {"ANSIBLE_STDOUT_CALLBACK": "keydeploy.core.events", "KEYDEPLOY_EVENTS": "1"}
    broken = {"PYTHONPATH": str(tmp_path / "broken"), **EVERYTHING}

    plain = stand.playbook("keydeploy.core.apply", "-vvvvv", env={**broken, **events})
    told = stand.tell("drift", env=broken)

    assert '"event": "result"' in plain.out
    assert reasons(told.of("portal")) == [
        f"{node}: internal error: RuntimeError at sitecustomize.py:7" for node in ("web1", "web2")
    ]
    assert leaks(stand, plain, told) == []
