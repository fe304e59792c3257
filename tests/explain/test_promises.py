"""What explain promises that other commands print, against what they print: drift, plan and lint.

Each cause that quotes one of them is brought about here, on nodes or in a web.config.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from keydeploy.access import pool_sid
from keydeploy.cli import main
from keydeploy.explain import ENTRIES, Cause, Check, Entry
from keydeploy.lint.rules import RULES
from keydeploy.report.model import Verb
from tests.explain import drifting as node
from tests.observation.farm import OLD_VALIDATION_KEY, VALIDATION_KEY, Node

VERBS = {f"keydeploy {verb.value} inventory.yml": verb for verb in (Verb.DRIFT, Verb.PLAN)}
IN_ORDER = "as declared, nothing to do"
OWN, CERTIFICATE = "PortalConfiguration", "keydeploy-"
FULL = "(A;;GA;;;SY)(A;;GA;;;BA)"
DENIED = f"(D;;GR;;;{pool_sid('Portal')})"
GUID = "{4F5A1B2C-0000-4000-8000-1234567890AB}"
HANDLER = "System.IdentityModel.Services.Tokens.MachineKeySessionSecurityTokenHandler"
ENTRY = re.compile(r"<configProtectedData>.*</configProtectedData>")


def without_provider_entry(changed: Node) -> None:
    text = changed.file(node.WEB).read_bytes().decode()
    text = ENTRY.sub("", text).replace('configProtectionProvider="PortalConfiguration"', "")
    start, end = text.index("<connectionStrings"), text.index("</connectionStrings>") + len("</connectionStrings>")
    changed.write(node.WEB, text[:start] + node.CONNECTIONS + text[end:])


NO_CONTAINER = [node.no_container(OWN)]
NOT_READABLE = [node.readers(OWN, FULL)]
KEY_NOT_READABLE = [node.readers(CERTIFICATE, FULL)]
IN_CNG = [node.link(container="te-Portal", provider="Microsoft Software Key Storage Provider", provider_type=0)]
IN_OTHER_CONTAINER = [
    node.link(container=GUID, provider="Microsoft Enhanced Cryptographic Provider v1.0", provider_type=1)
]
ANOTHER_KEY = [node.another_key(OWN)]
NO_LINK = [node.no_link]
NO_HANDLER = [node.replaced(HANDLER, "System.IdentityModel.Tokens.SessionSecurityTokenHandler")]
ANOTHER_REFERENCE = node.replaced('findValue="', 'findValue="00')
ANOTHER_MACHINE_KEY = node.with_validation_key(OLD_VALIDATION_KEY)
AUTOMATIC = node.with_validation_key("AutoGenerate,IsolateApps")
NOTHING = [node.nothing]

SITUATIONS: dict[str, Sequence[node.Disturb]] = {
    "different-keys": [ANOTHER_MACHINE_KEY, AUTOMATIC],
    "different-modes": [
        node.replaced(' compatibilityMode="Framework45"', ""),
        node.replaced('validation="HMACSHA256"', 'validation="SHA1"'),
    ],
    "changed-keys": NOTHING,
    "isolated-keys": [AUTOMATIC],
    "view-state-mac/page-not-complete": NOTHING,
    "cryptographic-operation/other-purpose": NOTHING,
    "forms-ticket/expired": NOTHING,
    "padding/not-the-machine-key": NOTHING,
    "bad-keyset/absent": NO_CONTAINER,
    "bad-keyset/not-readable": NOT_READABLE,
    "bad-keyset/certificate-without-key": [node.no_link, node.no_container(CERTIFICATE), node.link(machine=False)],
    "key-exists/race": [*ANOTHER_KEY, *NO_CONTAINER],
    "key-exists/not-readable": NOT_READABLE,
    "key-exists/made-before": ANOTHER_KEY,
    "no-key/other-kind": [node.container(OWN, key_number=2)],
    "no-key/empty": [node.container(OWN, key=None, public_key=None)],
    "bad-data/other-key": [*ANOTHER_KEY, node.encrypted_elsewhere],
    "bad-data/other-padding": NOTHING,
    "bad-data/changed-data": NOTHING,
    "access-denied/pool-cannot-read": NOT_READABLE,
    "access-denied/denied": [node.readers(OWN, DENIED + FULL + node.READER)],
    "access-denied/folder": NO_CONTAINER,
    "bad-provider-type/key-in-cng": IN_CNG,
    "bad-algorithm/provider-of-type-1": IN_OTHER_CONTAINER,
    "silent-context/strong-protection": IN_OTHER_CONTAINER,
    "no-logon-session/no-key": NO_LINK,
    "tls-key/not-readable": [node.readers(CERTIFICATE, "(A;;GA;;;BA)" + node.READER)],
    "tls-key/no-link": NO_LINK,
    "certificate-key/not-readable": KEY_NOT_READABLE,
    "certificate-key/other-kind": [*IN_CNG, node.container(CERTIFICATE, key_number=2)],
    "untrusted-root/root-missing": [node.no_certificate("Root")],
    "session-cookie-dpapi/other-node": NO_HANDLER,
    "session-cookie-dpapi/cookie-of-another-kind": NO_HANDLER,
    "session-cookie-signature/other-certificate": [ANOTHER_REFERENCE, node.no_certificate("My")],
    "session-cookie-signature/temporary-key": [node.no_certificate("My")],
    "session-token-not-found/changed-key": [ANOTHER_MACHINE_KEY, node.nothing],
    "token-key/key-not-usable": KEY_NOT_READABLE,
    "session-tokens/protected-on-another-node": [*NO_HANDLER, ANOTHER_REFERENCE, ANOTHER_MACHINE_KEY],
    "machine-key-refused/no-data-protector": [
        node.replaced("<machineKey ", '<machineKey dataProtectorType="Portal.Protector, Portal" ')
    ],
    "below-application/not-an-application": [node.replaced('path="/portal"', 'path="/other"', node.HOST)],
    "section-not-decrypted/no-container": NO_CONTAINER,
    "section-not-decrypted/not-readable": NOT_READABLE,
    "section-not-decrypted/other-key": [*ANOTHER_KEY, node.encrypted_elsewhere],
    "section-not-decrypted/unknown-provider": [
        node.replaced('keyContainerName="PortalConfiguration"', 'keyContainerName="Other"'),
        without_provider_entry,
    ],
    "invalid-handle/card-under-load": [node.usual_time_out],
    "invalid-data/cookie": NO_HANDLER,
    "not-supported/export-in-clear": IN_CNG,
    "object-not-found/no-certificate": [node.no_certificate("My")],
    "object-not-found/no-key": NO_LINK,
    "ephemeral-key/deleted-twice": NO_CONTAINER,
}
"""What brings a cause about, by the ids of entry and cause, or by that of a cause which several entries share."""

KEYS = f'validationKey="{VALIDATION_KEY}" decryptionKey="{"F1E2D3C4" * 6}"'
MODE = 'validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"'
DPAPI = (
    "<connectionStrings configProtectionProvider='DataProtectionConfigurationProvider'>"
    "<EncryptedData/></connectionStrings>"
)


def machine_key(attributes: str) -> str:
    return f"<system.web><machineKey {attributes}/></system.web>"


WEB_CONFIGS: dict[str, str] = {
    "view-state-mac/different-keys": machine_key('validationKey="AutoGenerate" decryptionKey="AutoGenerate"'),
    "view-state-mac/isolated-keys": machine_key(
        'validationKey="AutoGenerate,IsolateApps" decryptionKey="AutoGenerate,IsolateApps"'
    ),
    "cryptographic-operation/key-of-wrong-length": machine_key(
        f"{MODE} {KEYS}".replace("F1E2D3C4" * 6, "F1E2D3C4" * 2)
    ),
    "machine-key-refused/validation-key-length": machine_key(f"{MODE} {KEYS}".replace(VALIDATION_KEY, "ABCDEF123")),
    "machine-key-refused/decryption-key-length": machine_key(f"{MODE} {KEYS}".replace("F1E2D3C4" * 6, "F1E2D3C4" * 2)),
    "machine-key-refused/not-hex": machine_key(f"{MODE} {KEYS}".replace("F1E2", "G1E2")),
    "machine-key-refused/algorithm-of-mode": machine_key(f"{MODE} {KEYS}".replace("HMACSHA256", "3DES")),
    "machine-key-refused/unknown-algorithm": machine_key(f"{MODE} {KEYS}".replace("HMACSHA256", "hmacsha256")),
    "section-not-decrypted/encrypted-by-dpapi": DPAPI,
    "bad-key-state/data-of-another-account": DPAPI,
    "ephemeral-key/impersonation": '<system.web><identity impersonate="true"/></system.web>',
    "invalid-data/configuration-file": "<appSettings><add>",
}
"""A web.config with a cause in it that one file settles."""


def quotes(check: Check) -> list[str]:
    """Answer what *check* quotes."""
    return re.findall(r'"([^"]*)"', check.tells)


def prints(quote: str, lines: list[str]) -> bool:
    """Tell whether a line says *quote*, in which `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in quote.split("..."))
    return any(re.search(pattern, line) for line in lines)


def promises(*commands: str) -> list[tuple[Entry, Cause, Check]]:
    found = ((entry, cause, check) for entry in ENTRIES for cause in entry.causes for check in cause.checks)
    return [each for each in found if each[2].command in commands]


OF_NODES = [
    (check, cause.id if cause.id in SITUATIONS else f"{entry.id}/{cause.id}")
    for entry, cause, check in promises(*VERBS)
]
OF_FILES = promises("keydeploy lint inventory.yml", "keydeploy lint PATH")

Report = Callable[[Verb, node.Disturb], list[str]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Answer what tells what a verb prints where a node was disturbed."""
    by_key = node.Farm(tmp_path_factory.mktemp("by-key"), {"machine_key": "portal"})
    by_certificate = node.Farm(tmp_path_factory.mktemp("by-certificate"), {"certificate": "session"})

    @cache
    def printed(verb: Verb, disturb: node.Disturb) -> list[str]:
        farm = by_certificate if disturb is ANOTHER_REFERENCE else by_key
        return farm.report(verb, disturb)

    return printed


@pytest.mark.parametrize(("check", "situation"), dict.fromkeys(OF_NODES))
def test_what_is_promised_of_nodes_is_printed_where_the_cause_holds(
    check: Check, situation: str, report: Report
) -> None:
    printed = [report(VERBS[check.command], disturb) for disturb in SITUATIONS[situation]]

    assert quotes(check)
    for quote in quotes(check):
        assert any(prints(quote, lines) for lines in printed), quote


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_way_in_which_a_cause_comes_about_is_told(situation: str, report: Report) -> None:
    promised = [(VERBS[check.command], quotes(check)) for check, name in OF_NODES if name == situation]

    assert promised, "nothing is promised of it"
    for disturb in SITUATIONS[situation]:
        assert any(prints(quote, report(verb, disturb)) for verb, quoted in promised for quote in quoted)


def test_nothing_else_is_printed_of_nodes_in_order(report: Report) -> None:
    quoted = {quote for _, _, check in promises(*VERBS) for quote in quotes(check)}
    lines = report(Verb.DRIFT, node.nothing)

    assert {quote for quote in quoted if prints(quote, lines)} == {IN_ORDER}


def test_lint_has_every_rule_whose_finding_is_promised() -> None:
    quoted = {quote for _, _, check in OF_FILES for quote in quotes(check)}
    marks = {quote for quote in quoted if quote.startswith("[")}

    assert len(marks) > 10
    assert marks <= {f"[{rule.id}]" for rule in RULES}
    assert quoted - marks == {"not looked at: ...: not well-formed XML..."}
    assert all(quotes(check) for _, _, check in OF_FILES)


@pytest.mark.parametrize("name", WEB_CONFIGS)
def test_lint_prints_what_is_promised_of_a_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web.config").write_text(f"<configuration>{WEB_CONFIGS[name]}</configuration>", "utf-8")
    promised = [check for entry, cause, check in OF_FILES if f"{entry.id}/{cause.id}" == name]

    main(("lint", str(tmp_path)))

    printed = capsys.readouterr().out.splitlines()
    assert promised
    for check in promised:
        assert any(prints(quote, printed) for quote in quotes(check)), check.tells


def test_lint_finds_a_section_in_a_folder_below_the_application(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "web.config").write_text("<configuration/>", "utf-8")
    (tmp_path / "backup/web.config").write_text(f"<configuration>{machine_key(MODE)}</configuration>", "utf-8")
    (check,) = (check for _, cause, check in OF_FILES if cause.id == "nested-file")

    main(("lint", str(tmp_path)))

    printed = capsys.readouterr().out.splitlines()
    assert all(prints(quote, printed) for quote in quotes(check))
