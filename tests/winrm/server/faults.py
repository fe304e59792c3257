"""How a node misbehaves, and at which moment."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Action(StrEnum):
    """What happens at a node, in the order of one call."""

    CONNECT = "Connect"
    """The TCP connection is there; on a node with a certificate, before TLS."""
    REQUEST = "Request"
    """Any HTTP request has arrived, before it is authenticated."""
    AUTHENTICATE = "Authenticate"
    CREATE = "Create"
    COMMAND = "Command"
    SEND = "Send"
    RUN = "Run"
    """The input of a command is complete."""
    RECEIVE = "Receive"
    ANSWER = "Answer"
    """Output of a command goes out, as the response to a Receive."""
    SIGNAL = "Signal"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Delay:
    """The module does its work; its output comes *seconds* later."""

    seconds: float
    at: ClassVar[Action] = Action.RUN


@dataclass(frozen=True, slots=True)
class Hang:
    """The module never does its work nor ends: WinRM is well and lets every Receive time out."""

    at: ClassVar[Action] = Action.RUN


@dataclass(frozen=True, slots=True)
class CutOutput:
    """The module does its work; the second half of its output is lost, and nobody can tell by the protocol."""

    at: ClassVar[Action] = Action.RUN


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """The module does its work; half of the HTTP response arrives before the connection is closed."""

    at: ClassVar[Action] = Action.ANSWER


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is closed without an answer."""

    at: Action = Action.COMMAND


@dataclass(frozen=True, slots=True)
class Silence:
    """The connection stays open and nothing is said on it until the server is stopped."""

    at: Action = Action.CONNECT


@dataclass(frozen=True, slots=True)
class HttpError:
    """Requests whose body has more than *over* bytes are answered with *status*."""

    status: int
    over: int = -1
    at: Action = Action.REQUEST


MOMENTS = frozenset(Action) - {Action.AUTHENTICATE, Action.RUN, Action.ANSWER}
"""When a connection can be struck; an HttpError needs a request as well."""

Fault = Delay | Hang | CutOutput | CutAnswer | Drop | Silence | HttpError
