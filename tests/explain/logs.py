"""Events as Windows exports them, in each of the forms."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
FREE_CSP = """An unhandled exception occurred and the process was terminated.

Application ID: /LM/W3SVC/1/ROOT/Portal

Process ID: 4296

Exception: System.Security.Cryptography.CryptographicException

Message: Keyset does not exist

StackTrace:    at System.Security.Cryptography.CryptographicException.ThrowCryptographicException(Int32 hr)
   at System.Security.Cryptography.SafeProvHandle._FreeCSP(IntPtr pProvCtx)
   at System.Security.Cryptography.SafeProvHandle.ReleaseHandle()
   at System.Runtime.InteropServices.SafeHandle.InternalFinalize()
   at System.Runtime.InteropServices.SafeHandle.Dispose(Boolean disposing)
   at System.Runtime.InteropServices.SafeHandle.Finalize()"""


@dataclass(frozen=True)
class Event:
    id: int
    source: str
    text: str
    time: datetime = NOON
    computer: str = "web1.example.com"
    rest: dict[str, str] = field(default_factory=dict)


def crash(after: float = 0, computer: str = "web1.example.com") -> Event:
    return Event(1334, "ASP.NET 2.0.50727.0", FREE_CSP, NOON + timedelta(seconds=after), computer)


def end_of_process(after: float = 0, computer: str = "web1.example.com", pool: str = "Portal") -> Event:
    text = f"A process serving application pool '{pool}' terminated unexpectedly. The process id was '4296'."
    return Event(5009, "Microsoft-Windows-WAS", text, NOON + timedelta(seconds=after), computer)


def view_state(after: float = 0, computer: str = "web1.example.com") -> Event:
    text = (
        "Event code: 4009 Event message: Viewstate verification failed. "
        "Reason: The viewstate supplied failed integrity check. Process name: w3wp.exe"
    )
    return Event(1316, "ASP.NET 4.0.30319.0", text, NOON + timedelta(seconds=after), computer)


def backup(after: float = 0) -> Event:
    return Event(258, "defrag", "The storage optimizer successfully completed", NOON + timedelta(seconds=after))


MIXED = (
    crash(),
    end_of_process(1),
    backup(2),
    view_state(100),
    view_state(200, "web2.example.com"),
    end_of_process(5000),
)
"""Six events: three about keys, one end of a process that belongs to the first, two others."""


def as_xml(event: Event) -> str:
    time = event.time.isoformat().replace("+00:00", ".1234567Z")
    return (
        f'<Event xmlns="{NAMESPACE}"><System><Provider Name="{event.source}"/>'
        f'<EventID Qualifiers="49152">{event.id}</EventID><TimeCreated SystemTime="{time}"/>'
        f"<Channel>Application</Channel><Computer>{event.computer}</Computer></System>"
        f"<EventData><Data>{escape(event.text)}</Data></EventData></Event>"
    )


def xml_export(*events: Event) -> str:
    body = "".join(as_xml(event) for event in events)
    return f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>{body}</Events>'


def csv_export(*events: Event, separator: str = ",") -> str:
    """Answer what Event Viewer saves as CSV, or as text with tabs: the message has no heading."""
    lines = [separator.join(("Level", "Date and Time", "Source", "Event ID", "Task Category"))]
    for event in events:
        time = event.time.strftime("%m/%d/%Y %I:%M:%S %p")
        message = event.text.replace('"', '""')
        lines.append(separator.join(("Error", time, event.source, str(event.id), "None", f'"{message}"')))
    return "\r\n".join(lines) + "\r\n"


def powershell_csv(*events: Event) -> str:
    lines = [
        "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord",
        '"TimeCreated","Id","ProviderName","MachineName","Message"',
    ]
    for event in events:
        cells = (event.time.strftime("%d.%m.%Y %H:%M:%S"), event.id, event.source, event.computer, event.text)
        lines.append(",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells))
    return "\r\n".join(lines) + "\r\n"


def wevtutil_text(*events: Event) -> str:
    return "".join(
        f"Event[{number}]:\r\n  Log Name: Application\r\n  Source: {event.source}\r\n"
        f"  Date: {event.time:%Y-%m-%dT%H:%M:%S}.000\r\n  Event ID: {event.id}\r\n  Task: N/A\r\n"
        f"  Computer: {event.computer}\r\n  Description: \r\n{event.text}\r\n\r\n"
        for number, event in enumerate(events)
    )


def windows_2003(*events: Event) -> str:
    return "".join(
        f"Event Type:\tError\nEvent Source:\t{event.source}\nEvent Category:\tNone\nEvent ID:\t{event.id}\n"
        f"Date:\t\t{event.time:%Y-%m-%d}\nTime:\t\t{event.time:%H:%M:%S}\nUser:\t\tN/A\nComputer:\t{event.computer}\n"
        f"Description:\n{event.text}\n\n"
        for event in events
    )


def format_list(*events: Event) -> str:
    return "".join(
        f"\r\nTimeCreated  : {event.time:%m/%d/%Y %I:%M:%S %p}\r\nProviderName : {event.source}\r\n"
        f"Id           : {event.id}\r\nMessage      : {event.text}\r\n\r\n"
        for event in events
    )
