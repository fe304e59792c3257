"""How long a transaction on a smart card may last on one node: what is declared, and the registry values for it.

Microsoft Learn, "Smart Card Group Policy and Registry Settings": each provider reads the DWORD
`TransactionTimeoutMilliseconds` of its own key, and takes 1500 where there is none.
"""

from collections.abc import Mapping
from typing import Final

from keydeploy.edit import Difference
from keydeploy.errors import NodeError
from keydeploy.node.contract import ReadRegistry, RegistryState, RegistryValue, Response
from keydeploy.observation.model import RegistryChange, Subject
from keydeploy.spec.model import SmartCards

_VALUE = "TransactionTimeoutMilliseconds"
_CAUTION = (
    "wrong values here can keep people from logging on by card; try it with a card on one node first; it makes"
    " ERROR_INVALID_HANDLE rarer, and may have other effects"
)
_CSP = "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\Defaults\\Provider\\Microsoft Base Smart Card Crypto Provider"
_KSP = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Providers\\Microsoft Smart Card Key Storage Provider"

_QUESTIONS: Final[Mapping[str, tuple[ReadRegistry, ...]]] = {
    "csp": (ReadRegistry(64, _CSP, _VALUE), ReadRegistry(32, _CSP, _VALUE)),
    "ksp": (ReadRegistry(64, _KSP, _VALUE),),  # programs of 32 bits have a SOFTWARE of their own, but no SYSTEM
}


def questions(declared: SmartCards) -> tuple[ReadRegistry, ...]:
    """Answer what a node must be asked about *declared*."""
    return tuple(question for provider in _wanted(declared) for question in _QUESTIONS[provider])


def observe(declared: SmartCards, response: Response) -> tuple[list[Subject], list[RegistryChange]]:
    """Reduce a node's *response* to `questions(declared)` to what differs, and the changes that would mend it."""
    subjects: list[Subject] = []
    changes: list[RegistryChange] = []
    for provider, milliseconds in _wanted(declared).items():
        subject, mending = _compare(provider, RegistryValue(kind="dword", data=milliseconds), response)
        subjects.append(subject)
        changes += mending
    return subjects, changes


def _wanted(declared: SmartCards) -> dict[str, int]:
    both = {"csp": declared.csp, "ksp": declared.ksp}
    return {provider: milliseconds for provider, milliseconds in both.items() if milliseconds is not None}


def _compare(provider: str, wanted: RegistryValue, response: Response) -> tuple[Subject, list[RegistryChange]]:
    differences: list[Difference] = []
    changes: list[RegistryChange] = []
    refusal = None
    for at in _QUESTIONS[provider]:
        try:
            state = response.to(at, RegistryState)
        except NodeError as error:
            refusal = refusal or f"the registry cannot be read in the {at.view}-bit view: {error.message}"
            continue
        if not state.key_exists:
            refusal = refusal or f"this Windows has no such provider ({at.view}-bit view); leave {provider} out"
        elif state.value != wanted:
            name = _VALUE if at.view == 64 else f"{_VALUE} ({at.view}-bit)"
            differences.append(Difference(name, _shown(state.value), str(wanted.data)))
            changes.append(RegistryChange(view=at.view, key=at.key, value=at.value, before=state.value, after=wanted))
    subject = Subject(
        address=f"smart_cards.transaction_timeout.{provider}",
        target=f"{_QUESTIONS[provider][0].key}\\{_VALUE}",
        differences=() if refusal else tuple(differences),
        refusal=refusal,
        in_waves=True,
        warnings=(_CAUTION,) if differences and not refusal else (),
    )
    return subject, [] if refusal else changes


def _shown(value: RegistryValue | None) -> str:
    if value is None:
        return "absent"
    return str(value.data) if value.kind == "dword" else "a value of another kind"
