"""A WinRM service for tests: many Windows nodes on addresses of 127.0.0.0/8, spoken to by the real winrm connection.

A test gives it a callable that answers the modules; protocol, authentication and encryption are real.

The folder above has no `__init__.py`: pytest would import it as `winrm` and so hide pywinrm, which has that name.
"""

from .authentication import Account, Authentication, Security
from .calls import Answering, Call, Script, Scripting
from .certificates import Authority, Certificate, self_signed
from .faults import Action, CutAnswer, CutOutput, Delay, Drop, Fault, Hang, HttpError, Silence
from .nodes import Exchange, Node
from .service import WinRmServer, addresses

__all__ = [
    "Account",
    "Action",
    "Answering",
    "Authentication",
    "Authority",
    "Call",
    "Certificate",
    "CutAnswer",
    "CutOutput",
    "Delay",
    "Drop",
    "Exchange",
    "Fault",
    "Hang",
    "HttpError",
    "Node",
    "Script",
    "Scripting",
    "Security",
    "Silence",
    "WinRmServer",
    "addresses",
    "self_signed",
]
