"""The SOAP envelopes of WS-Management's shells, as pywinrm writes and reads them.

Source: MS-WSMV, and what winrm/protocol.py of pywinrm 0.5 looks for in an answer.
"""

import base64
import re
import uuid
from dataclasses import dataclass
from enum import IntEnum
from xml.etree import ElementTree as ET

from .faults import Action

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": _TRANSFER,
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "rsp": _SHELL,
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items())


class FaultCode(IntEnum):
    """Codes of WSManFault."""

    TIMED_OUT = 2150858793
    NO_SUCH_SHELL = 2150858843


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a shell or a command in it; what an action does not use is empty."""

    action: Action
    message: str
    shell: str
    command: str
    seconds: float
    """How long the answer may take."""
    has_input: bool
    """Of a Command: its input comes by Send."""
    data: bytes
    """Of a Send: the next piece of the input."""
    end: bool
    """Of a Send: it was the last piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer in the making."""

    action: str
    body: str = ""
    status: int = 200
    is_output: bool = False
    """It carries what a command has written."""


def parse(xml: bytes) -> Request:
    """Read a request; raises `ValueError` when it is for no action of a shell."""
    root = ET.fromstring(xml)  # noqa: S314 - from the client under test
    duration = re.fullmatch(r"PT([\d.]+)S", root.findtext("s:Header/w:OperationTimeout", "", _NAMES))
    options = {option.get("Name"): option.text for option in root.iterfind("s:Header/w:OptionSet/w:Option", _NAMES)}
    stream = root.find("s:Body/rsp:Send/rsp:Stream", _NAMES)
    return Request(
        action=Action(root.findtext("s:Header/a:Action", "", _NAMES).rpartition("/")[2]),
        message=root.findtext("s:Header/a:MessageID", "", _NAMES),
        shell=root.findtext("s:Header/w:SelectorSet/w:Selector", "", _NAMES),
        command=next((element.attrib["CommandId"] for element in root.iter() if "CommandId" in element.attrib), ""),
        seconds=float(duration[1]) if duration else 60.0,
        has_input=options.get("WINRS_CONSOLEMODE_STDIN") == "FALSE",
        data=base64.b64decode(stream.text or "") if stream is not None else b"",
        end=stream is not None and stream.get("End") == "true",
    )


def render(reply: Reply, request: Request) -> bytes:
    """Answer the envelope with *reply* to *request*."""
    header = (
        f"<a:Action>{reply.action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<a:RelatesTo>{request.message}</a:RelatesTo>"
    )
    body = f"<s:Header>{header}</s:Header><s:Body>{reply.body}</s:Body>"
    return f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}>{body}</s:Envelope>'.encode()


def created(shell: str) -> Reply:
    """Tell the name of a new shell."""
    selectors = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
    parameters = f"<a:ReferenceParameters>{selectors}</a:ReferenceParameters>"
    return Reply(action=f"{_TRANSFER}/CreateResponse", body=f"<x:ResourceCreated>{parameters}</x:ResourceCreated>")


def started(command: str) -> Reply:
    """Tell the name of a new command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"
    return Reply(action=f"{_SHELL}/CommandResponse", body=body)


def sent() -> Reply:
    """Confirm a piece of input."""
    return Reply(action=f"{_SHELL}/SendResponse", body="<rsp:SendResponse/>")


def signalled() -> Reply:
    """Confirm that a command has been ended."""
    return Reply(action=f"{_SHELL}/SignalResponse", body="<rsp:SignalResponse/>")


def deleted() -> Reply:
    """Confirm that a shell is gone."""
    return Reply(action=f"{_TRANSFER}/DeleteResponse")


def output(command: str, streams: dict[str, bytes], exit_code: int | None) -> Reply:
    """Tell what *command* has written to its *streams*; without an exit code there is more to come."""
    state = f'CommandId="{command}" State="{_SHELL}/CommandState/{"Running" if exit_code is None else "Done"}"'
    code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    pieces = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in streams.items()
    )
    body = f"<rsp:ReceiveResponse>{pieces}<rsp:CommandState {state}>{code}</rsp:CommandState></rsp:ReceiveResponse>"
    return Reply(action=f"{_SHELL}/ReceiveResponse", body=body, is_output=True)


def fault(code: FaultCode) -> Reply:
    """Tell that a request has failed."""
    body = (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{code.name}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault Code="{code.value}"/></s:Detail></s:Fault>'
    )
    return Reply(action="http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", body=body, status=500)
