"""`keydeploy explain` at the command line: what it takes, what it answers, and that it never repeats what it got."""

import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from keydeploy.cli import main
from keydeploy.explain import ENTRIES
from keydeploy.schema import validator
from tests.explain import logs
from tests.explain.evtx_file import evtx
from tests.explain.logs import MIXED
from tests.explain.test_cases import CASES, expected

KEY = "5E8D1C3B7A9F20461D8E7C6B5A493827160F5E4D3C2B1A0998877665544332211F0E1D2C3B4A5968"
PASSWORD = "Marked-Passw0rd!"
BASE64 = "TWFya2VkU2VjcmV0S2V5TWF0ZXJpYWxOb3RSZWFsMTIzNDU2Nzg5MA=="
CONNECTION = "Data Source=sql1;User ID=portal;Password=MarkedConnection77"
SECRETS = (KEY, KEY.lower(), KEY[:32], PASSWORD, BASE64, "MarkedConnection77")


class Answer:
    """What one run answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        """The document, which is valid by its schema."""
        document: dict[str, Any] = json.loads(self.out)
        validator("explain").validate(document)
        return document


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: str, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main(("explain", *arguments))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else -1
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return run


@pytest.mark.parametrize(
    "spelling", ["0x80090016", "80090016", "-2146893802", "2148073494", "NTE_BAD_KEYSET", "nte_bad_keyset"]
)
def test_a_code_is_explained_in_any_spelling(explain: Any, spelling: str) -> None:
    answer = explain(spelling)

    assert (answer.code, answer.err) == (0, "")
    assert "Keyset does not exist (0x80090016 NTE_BAD_KEYSET)" in answer.out
    for told_apart in (
        "the container does not exist",
        "may not read it",
        "in the store of a user",
        "while impersonating",
        "profile",
    ):
        assert told_apart in answer.out
    assert "\n       keydeploy drift inventory.yml\n" in answer.out
    assert "       key_containers:\n         PortalConfiguration:\n" in answer.out
    assert "learn.microsoft.com/" in answer.out
    assert "\x1b[" not in answer.out


def test_several_codes_are_explained_each(explain: Any) -> None:
    answer = explain("0x80090016", "NTE_EXISTS", "--format", "json")

    assert [one["entry"] for one in answer.json["recognised"]] == ["bad-keyset", "key-exists"]
    assert "two threads make the same missing container" in explain("0x80090016", "NTE_EXISTS").out


def test_a_text_needs_no_quotes(explain: Any) -> None:
    answer = explain("Keyset", "does", "not", "exist", "--format", "json")

    assert (answer.code, answer.json["recognised"][0]["entry"]) == (0, "bad-keyset")


@pytest.mark.parametrize(
    "what", ["ID1073", "1334", "event 1009", "5000", "bad-keyset", "ID4291", "Unable to validate data", "Bad Data"]
)
def test_ids_events_and_messages_are_known(explain: Any, what: str) -> None:
    assert explain(what).code == 0


@pytest.mark.parametrize(
    ("what", "entry"),
    [
        ("1315", "forms-ticket"),
        ("event 1315", "forms-ticket"),
        ("4005", "forms-ticket"),
        ("event code 4005", "forms-ticket"),
        ("1316", "view-state-mac"),
        ("4009", "view-state-mac"),
        ("event code 4009", "view-state-mac"),
        ("0x8007000D", "invalid-data"),
        ("The data is invalid", "invalid-data"),
        ("The data is invalid.", "invalid-data"),
        ("0x8009000D", "no-key"),
        ("0x80090014", "bad-provider-type"),
        ("1310", "configuration-error"),
        ("event 1310", "configuration-error"),
        ("3008", "configuration-error"),
        ("36869", "tls-key"),
        ("event 15021", "tls-key"),
        ("0x8009030D", "tls-key"),
        ("0x8009030E", "tls-key"),
        ("0x80090019", "provider-not-found"),
        ("0x8009001A", "damaged-container"),
        ("Keyset as registered is invalid.", "damaged-container"),
        ("0x80090020", "internal-error"),
        ("An internal error occurred.", "internal-error"),
        ("0x80090029", "not-supported"),
        ("0x80092004", "object-not-found"),
        ("-2146885628", "object-not-found"),
        ("0x800B0109", "untrusted-root"),
        ("0x80070002 RSACryptoServiceProvider", "key-file-not-found"),
    ],
)
def test_what_is_typed_alone_is_known_by_its_entry(explain: Any, what: str, entry: str) -> None:
    assert explain(what, "--format", "json").json["recognised"][0]["entry"] == entry


def test_a_file_that_is_not_found_when_a_container_is_opened_is_a_profile(explain: Any) -> None:
    answer = explain("0x80070002 in RSACryptoServiceProvider", "--format", "json").json

    assert answer["recognised"][0]["points_to"] == ["no-profile"]


def test_all_events_of_a_recycling_are_asked_for_and_their_absence_settles_nothing(explain: Any) -> None:
    text = " ".join(explain("ID4243").out.split())

    assert "Id=5074,5075,5076,5077,5078,5079,5080,5081,5117,5186}" in text
    assert "logEventOnRecycle" in text


def test_what_other_commands_print_is_not_broken_within_a_word(explain: Any) -> None:
    out = explain("different-keys", "Validation of viewstate MAC failed").out

    for rule in ("[automatic-key-by-default]", "[key-differs-between-nodes]", "[key-differs-between-runtimes]"):
        assert f'"{rule}"' in out


def test_the_trace_narrows_the_causes(explain: Any) -> None:
    text, _, _ = expected(next(case for case in CASES if case.stem == "process_dies_net4"))

    answer = explain("-", stdin=text.encode())

    first, _, rest = answer.out.partition("\n  2. ")
    assert "the application impersonates its callers" in first
    assert "[the text points here]" in first
    assert "[the text points here]" not in rest
    assert "also told of\n" in rest


@pytest.mark.parametrize("what", ["0x80090099", "NTE_BAD_KEYSAT", "ID1072", "NTE_BAD_LEN", "hello", ""])
def test_what_is_not_known_is_said_with_what_comes_near(explain: Any, what: str) -> None:
    answer = explain(what)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("keydeploy: error: ")
    assert "keydeploy explain --list shows what it knows" in answer.err
    near = {
        "0x80090099": "near it: 0x80090029 NTE_NOT_SUPPORTED, 0x80090019 NTE_KEYSET_NOT_DEF;",
        "NTE_BAD_KEYSAT": "NTE_BAD_KEYSET",
        "ID1072": "ID1073",
        "NTE_BAD_LEN": "Bad Length",
    }
    assert near.get(what, "") in answer.err
    document = explain(what, "--format", "json")
    assert (document.code, document.json["exit_code"], document.json["recognised"]) == (1, 1, [])


@pytest.mark.parametrize(
    "what", ["event 4625", "500.19", "4625", "0x80131500", "NTE_BAD_LEN", "event 1311", "0x800A0BC9", "SCARD_E_NO_CARD"]
)
def test_nothing_is_said_to_be_near_what_is_only_distantly_alike(explain: Any, what: str) -> None:
    answer = explain(what)

    assert answer.code == 1
    assert "near it" not in answer.err
    assert explain(what, "--format", "json").json["nearest"] == []


@pytest.mark.parametrize(
    "what",
    [
        "SQL Server login failed: The handle is invalid.",
        "Could not load file or assembly X. The system cannot find the file specified.",
        "Could not load file or assembly ClassLibrary. The system cannot find the file specified.",
        "The folder could not be encrypted: Access is denied.",
        "Login of the portal: 0x80070005",
    ],
)
def test_words_that_say_little_are_no_sign_beside_words_of_something_else(explain: Any, what: str) -> None:
    assert explain(what).code == 1


@pytest.mark.parametrize(
    ("what", "entry"),
    [
        ("The handle is invalid.", "invalid-handle"),
        ("The handle is invalid. (Exception from HRESULT: 0x80070006 (E_HANDLE))", "invalid-handle"),
        ("0x520", "no-logon-session"),
        ("The handle is invalid, at the smart card", "invalid-handle"),
        ("SslStream: Access is denied", "access-denied"),
        ("The system cannot find the file specified. (0x80070002)", "key-file-not-found"),
    ],
)
def test_words_that_say_little_count_alone_or_beside_a_word_of_keys(explain: Any, what: str, entry: str) -> None:
    assert explain(what, "--format", "json").json["recognised"][0]["entry"] == entry


def test_the_dialog_of_iis_manager_is_known_from_a_file_and_from_the_standard_input(
    explain: Any, tmp_path: Path
) -> None:
    text = expected(next(case for case in CASES if case.stem == "iis_manager_dialog"))[0]
    (tmp_path / "dialog.txt").write_text(text, "utf-8")

    for answer in (
        explain(text),
        explain(str(tmp_path / "dialog.txt")),
        explain("-", stdin=text.encode()),
        explain("-", stdin=text.replace("\n", "\r\n").encode("utf-16")),
    ):
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.startswith("A specified logon session does not exist: a binding's certificate ")


def test_all_causes_of_a_certificate_without_its_key_are_marked_and_no_others(explain: Any) -> None:
    text = expected(next(case for case in CASES if case.stem == "private_key_of_a_certificate"))[0]

    answer = explain(text, "--format", "json").json

    assert answer["recognised"][0]["points_to"] == ["certificate-without-key", "not-readable"]


def test_an_event_that_has_one_cause_points_to_it(explain: Any) -> None:
    assert explain("event 36869", "--format", "json").json["recognised"][0]["points_to"] == ["no-link"]


def test_what_was_recognised_is_not_told_again_where_the_heading_says_it(explain: Any) -> None:
    assert "recognised by" not in explain("0x80090016").out
    assert 'recognised by "keyset does not exist"' in explain("It says: keyset does not exist").out


def test_aspnet_core_is_said_to_be_none_of_its_business(explain: Any) -> None:
    text = " ".join(explain("The antiforgery token could not be decrypted.").out.split())

    assert "keydeploy does not manage that ring" in text
    assert "SetApplicationName" in text
    assert "PersistKeysToFileSystem" in text


def test_every_option_says_what_it_does(explain: Any) -> None:
    text = " ".join(explain("--help").out.split())

    assert "--format {text,json} how to print the result" in text


def test_what_is_known_is_listed(explain: Any) -> None:
    text, document = explain("--list"), explain("--list", "--format", "json").json

    assert text.code == 0
    assert list(document["entries"]) == [entry.id for entry in ENTRIES]
    listed = " ".join(text.out.split())
    assert all(f"{entry.id}: {entry.title}" in listed for entry in ENTRIES)


@pytest.mark.parametrize("arguments", [(), ("0x80090016", "--list"), ("no-such-file.evtx",), (".",)], ids=" ".join)
def test_wrong_usage_is_an_error_with_a_hint(explain: Any, arguments: tuple[str, ...]) -> None:
    answer = explain(*arguments)

    assert (answer.code, answer.out) == (1, "")
    assert "keydeploy: hint: " in answer.err


@pytest.mark.parametrize("name", ["application.evtx", "application.xml", "log"])
def test_an_exported_log_is_explained_cause_by_cause(explain: Any, tmp_path: Path, name: str) -> None:
    content = evtx(map(logs.as_xml, MIXED)) if name.endswith("evtx") else logs.xml_export(*MIXED).encode("utf-16")
    (tmp_path / name).write_bytes(content)

    text, document = explain(str(tmp_path / name)), explain(str(tmp_path / name), "--format", "json").json

    assert text.code == 0
    assert text.out.startswith("6 events: 3 about keys, 1 of processes that ended because of them, 2 others left out\n")
    assert text.out.count("Validation of viewstate MAC failed\n  the view state that came back") == 1
    assert "on web1.example.com, web2.example.com" in text.out
    assert "pools Portal" in text.out
    assert [group["count"] for group in document["log"]["groups"]] == [2, 1]
    assert set(document["entries"]) == {"view-state-mac", "ephemeral-key"}


def test_a_log_about_other_things_is_told_as_such(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "system.xml").write_text(logs.xml_export(logs.backup()))

    answer = explain(str(tmp_path / "system.xml"))

    assert (answer.code, answer.out) == (1, "")
    assert "nothing in the log is known to be about keys; 1 events were read" in answer.err


def test_a_damaged_log_is_told_without_a_traceback(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "application.evtx").write_bytes(b"ElfFile\0" + bytes(5000))

    answer = explain(str(tmp_path / "application.evtx"))

    assert answer.code == 1
    assert "keydeploy: error: the event log " in answer.err or "nothing in the log" in answer.err


def planted(text: str) -> str:
    """Answer *text* with secrets wherever one could slip into an answer."""
    text = (
        text.replace("'DefaultAppPool'", f"'{KEY}'")
        .replace("Portal", BASE64.strip("="))
        .replace("w3wp.exe", f"{KEY[:32]}.exe")
    )
    lines = [f"{line} {KEY} password={PASSWORD}" if place % 2 else line for place, line in enumerate(text.splitlines())]
    before = f'<machineKey validationKey="{KEY}" decryptionKey="{KEY.lower()}" /> {CONNECTION}'
    return "\n".join((before, *lines, f"-----BEGIN PRIVATE KEY-----\n{BASE64}\n-----END PRIVATE KEY-----"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_no_secret_of_a_pasted_text_is_repeated(explain: Any, tmp_path: Path, case: Path) -> None:
    text = planted(expected(case)[0])
    file = tmp_path / "trace.txt"
    file.write_text(text, "utf-8")

    answers = [explain(text), explain(str(file)), explain("-", stdin=text.encode("utf-16"))]
    answers += [
        explain(text, "--format", "json"),
        explain(f"{text[:30]}{KEY}"),
        explain(KEY),
        explain(PASSWORD, KEY[:8]),
    ]

    for answer in answers:
        assert not [secret for secret in SECRETS if secret in answer.out + answer.err]


@pytest.mark.parametrize(
    "form", [logs.xml_export, logs.csv_export, logs.wevtutil_text, logs.windows_2003, logs.format_list]
)
def test_no_secret_of_a_log_is_repeated(explain: Any, form: Any) -> None:
    events = [logs.Event(event.id, event.source, planted(event.text), event.time, KEY[:40]) for event in MIXED]

    for options in ((), ("--format", "json")):
        answer = explain("-", *options, stdin=form(*events).encode())
        assert answer.code == 0
        assert not [secret for secret in SECRETS if secret in answer.out + answer.err]


def test_the_examples_of_the_help_and_of_the_page_are_taken(
    explain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "application.evtx").write_bytes(evtx(map(logs.as_xml, MIXED)))
    (tmp_path / "application.xml").write_text(logs.xml_export(*MIXED))
    page = (Path(__file__).parents[2] / "docs/explain.md").read_text("utf-8")
    commands = [
        line
        for line in re.findall(r"^ {4}(keydeploy explain .*)$", page, re.MULTILINE)
        if "<" not in line and "|" not in line
    ]

    assert len(commands) > 4
    for command in commands:
        assert explain(*shlex.split(command, comments=True)[2:]).code == 0, command


def test_the_page_lists_what_is_known() -> None:
    page = (Path(__file__).parents[2] / "docs/explain.md").read_text("utf-8")

    for entry in ENTRIES:
        names = ", ".join((*entry.codes, *entry.ids, *(f"event {event.id}" for event in entry.events)))
        assert f"| `{entry.id}` | {entry.title} | {names} |" in page
