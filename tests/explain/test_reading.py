"""Exported logs in every form that Windows writes, whole and damaged, small and large."""

import io
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeydeployError
from keydeploy.explain import Log, Pasted, Summary, read, read_text, recognise, summarise
from keydeploy.explain.event import Event as Occurred
from keydeploy.explain.reading import PASTED
from keydeploy.explain.recognition import recognise_event
from tests.explain import logs
from tests.explain.evtx_file import evtx
from tests.explain.logs import MIXED, Event


def tab_separated(*events: Event) -> str:
    return logs.csv_export(*events, separator="\t")


def without_root(*events: Event) -> str:
    return "\r\n".join(map(logs.as_xml, events))


FORMS: dict[str, Callable[..., str]] = {
    "xml": logs.xml_export,
    "wevtutil xml": without_root,
    "wevtutil text": logs.wevtutil_text,
    "csv": logs.csv_export,
    "tabs": tab_separated,
    "powershell csv": logs.powershell_csv,
    "format-list": logs.format_list,
    "windows 2003": logs.windows_2003,
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")


def summed(content: bytes) -> Summary:
    given = read(io.BytesIO(content))
    assert isinstance(given, Log)
    return summarise(given.events)


def told(summary: Summary) -> list[tuple[str, int, int]]:
    return [(group.entry.id, group.count, group.ended) for group in summary.groups]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", FORMS)
def test_a_log_is_grouped_by_cause_whatever_it_was_exported_as(form: str, encoding: str) -> None:
    summary = summed(FORMS[form](*MIXED).encode(encoding))

    assert (summary.events, summary.left_out, summary.unread) == (6, 2, 0)
    assert told(summary) == [("view-state-mac", 2, 0), ("ephemeral-key", 1, 1)]
    views, crash = summary.groups
    assert views.first is not None
    assert views.last is not None
    assert (views.last - views.first).total_seconds() == 100
    assert crash.cause is not None
    assert crash.cause.id == "impersonation"
    assert (crash.pools, views.processes) == ({"Portal"}, {"w3wp.exe"})


def test_a_file_of_windows_own_form_is_read(tmp_path: Path) -> None:
    file = tmp_path / "application.evtx"
    file.write_bytes(evtx(map(logs.as_xml, MIXED)))
    with file.open("rb") as stream:
        given = read(stream, file)
        assert isinstance(given, Log)
        summary = summarise(given.events)

    assert told(summary) == [("view-state-mac", 2, 0), ("ephemeral-key", 1, 1)]
    assert summary.groups[0].computers == {"web1.example.com", "web2.example.com"}
    assert told(summed(file.read_bytes())) == told(summary)  # from the standard input


def test_an_end_of_a_process_counts_only_beside_an_error_of_a_key_on_the_same_computer() -> None:
    crash, own = logs.crash(), logs.end_of_process(30, pool="Portal")
    others = (logs.end_of_process(5, "web2.example.com", "Other"), logs.end_of_process(600, pool="Later"))

    summary = summed(logs.xml_export(own, crash, *others).encode())

    assert (told(summary), summary.left_out) == ([("ephemeral-key", 1, 1)], 2)
    assert summary.groups[0].pools == {"Portal"}


def test_a_log_about_other_things_has_no_groups() -> None:
    summary = summed(logs.xml_export(logs.backup(), logs.end_of_process(1)).encode())

    assert (summary.events, summary.left_out, summary.groups) == (2, 2, [])


def test_a_damaged_event_costs_no_other() -> None:
    good = logs.as_xml(logs.view_state())
    broken = good.replace("<EventData>", "<EventData><Data>")
    declaring = good.replace("<Event ", "<Event a='&big;' ")

    summary = summed(f"<Events>{good}{broken}{declaring}{good}{good[:200]}".encode())

    assert (told(summary), summary.unread) == ([("view-state-mac", 2, 0)], 3)


def test_entities_of_a_dtd_are_never_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "marked").write_text("Keyset does not exist")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    outer = f'<!ENTITY file SYSTEM "{(tmp_path / "marked").as_uri()}">'
    dtd = f'<!DOCTYPE Events [<!ENTITY e0 "Keyset does not exist">{bomb}{outer}]>'
    inside = logs.as_xml(logs.backup()).replace("The storage", "&file;&e11;")

    outside = summed(f'<?xml version="1.0"?>{dtd}<Events>{inside}</Events>'.encode())
    within = summed(inside.replace("<Event ", f"{dtd}<Event ", 1).encode())

    assert (outside.groups, outside.unread) == ([], 1)
    assert (within.groups, within.unread) == ([], 1)


def test_a_damaged_evtx_file_is_read_as_far_as_it_goes() -> None:
    content = bytearray(evtx(map(logs.as_xml, MIXED)))
    place = content.index("viewstate".encode("utf-16-le")) - 400
    content[place : place + 60] = b"\xff" * 60

    summary = summed(bytes(content))

    assert summary.unread + summary.events >= 1
    assert summary.unread
    with pytest.raises(KeydeployError, match="damaged at its beginning"):
        summed(b"ElfFile\0" + bytes(100))


def test_a_missing_library_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evtx", None)

    with pytest.raises(KeydeployError, match="not installed") as error:
        summed(evtx(map(logs.as_xml, MIXED)))

    assert error.value.hint is not None
    assert error.value.hint.startswith("pip install 'keydeploy[evtx]'")


class Endless(io.RawIOBase):
    """A log of many events that is never in memory as a whole."""

    def __init__(self, count: int) -> None:
        self.left = count
        event = logs.as_xml(logs.view_state())
        self.event = f"<!-- {'x' * (8192 - len(event) - 9)} -->{event}".encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self.left:
            return 0
        self.left -= 1
        buffer[: len(self.event)] = self.event
        return len(self.event)


def test_a_large_log_is_never_in_memory_as_a_whole() -> None:
    count = 1500  # 12 MB
    tracemalloc.start()
    given = read(io.BufferedReader(Endless(count), 8192))
    assert isinstance(given, Log)
    summary = summarise(given.events)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (summary.events, told(summary)) == (count, [("view-state-mac", count, 0)])
    assert most < 3_000_000


def test_of_a_very_long_text_only_the_beginning_is_looked_at() -> None:
    text = b"Keyset does not exist in System.Security.Cryptography " + b"x" * PASTED

    given = read(io.BytesIO(text))

    assert isinstance(given, Pasted)
    assert given.was_cut
    assert len(given.text) <= PASTED
    assert recognise(given.text)[0].entry.id == "bad-keyset"


def consume(content: bytes) -> None:
    """Read *content* to its end; the one error that may come is told as one."""
    try:
        given = read(io.BytesIO(content))
        if isinstance(given, Log):
            summarise(given.events)
        else:
            recognise(given.text)
    except KeydeployError:
        if not content.startswith(b"ElfFile\0"):
            raise


def mutated() -> Iterator[bytes]:
    for form in FORMS.values():
        yield form(*MIXED).encode("utf-16")
        yield form(*MIXED).encode()


WHOLE = tuple(mutated())


@settings(max_examples=300, deadline=None)
@given(st.binary())
@example(b"<Event ")
@example(b"<Event><System><EventID>99999999999999999999999999</EventID></System></Event>")
@example(
    b"<Event><System><TimeCreated SystemTime='0001-01-01T00:00:00Z'/></System><EventData>0x80090016</EventData></Event>"
)
@example(b'"a","Id","Source"\n"\x00')
@example(b"\xff\xfe\x00")
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    consume(content)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(WHOLE), st.integers(0), st.integers(0, 40), st.binary(max_size=40))
def test_any_damage_to_a_log_is_passed_over(content: bytes, place: int, gone: int, new: bytes) -> None:
    start = place % len(content)
    consume(content[:start] + new + content[start + gone :])


@settings(max_examples=100, deadline=None)
@given(st.integers(4096, 4096 + 8000), st.binary(min_size=1, max_size=20))
def test_any_damage_to_an_evtx_file_is_passed_over(place: int, new: bytes) -> None:
    content = bytearray(evtx(map(logs.as_xml, MIXED)))
    content[place : place + len(new)] = new
    consume(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    given = read_text(text)
    if isinstance(given, Log):
        summarise(given.events)
    else:
        recognise(given.text)


def test_events_that_say_that_they_are_none_about_keys_are_left_out_of_a_sum() -> None:
    told = {
        "Event code: 4005 Reason: The ticket supplied was invalid. Event detail code: 50201": 1,
        "Event code: 4005 Reason: The ticket supplied has expired. Event detail code: 50202": 0,
        "Event code: 4006 Event message: Membership credential verification failed.": 0,
        "Code: 4005 (in another language) Detail: 50201": 1,
        "Code: 4005 (in another language) Detail: 50202": 0,
        "Code: 4006 (in another language)": 0,
    }
    for text, about_keys in told.items():
        found = summarise([Occurred(id=1315, source="ASP.NET 4.0.30319.0", text=text)])

        assert (sum(group.count for group in found.groups), found.left_out) == (about_keys, 1 - about_keys), text


@pytest.mark.parametrize("source", ["HttpEvent", "Microsoft-Windows-HttpEvent"])
def test_a_source_is_known_with_and_without_its_publisher(source: str) -> None:
    assert [found.entry.id for found in recognise_event(15021, source, "")] == ["tls-key"]
    assert recognise_event(15021, f"Other-{source}", "") == ()


def test_a_configuration_error_of_a_log_counts_by_the_key_that_it_is_about_and_else_not() -> None:
    about = "Event code: 3008 Exception message: Failed to decrypt using provider 'Portal'. Bad Data."
    other = "Event code: 3008 Exception message: Unrecognized configuration section rewriter."
    events = [Occurred(id=1310, source="ASP.NET 4.0.30319.0", text=text) for text in (about, other)]

    summary = summarise(events)

    assert [(group.entry.id, group.count) for group in summary.groups] == [("section-not-decrypted", 1)]
    assert summary.left_out == 1
