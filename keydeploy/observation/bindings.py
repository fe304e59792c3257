"""The HTTPS bindings of IIS on one node, and the certificates that they serve.

A binding is there already and stays as it is; what changes is the certificate. Its flags, also those that a newer
Windows knows and keydeploy does not, are kept.
"""

from dataclasses import replace

from keydeploy.edit import Difference
from keydeploy.errors import NodeError
from keydeploy.node.contract import BindingList, BindingState, BoundCertificate, ListBindings, Response
from keydeploy.observation.model import BindingChange, Change, Subject
from keydeploy.spec.model import Binding, Spec

_QUESTION = ListBindings()
_SNI, _CENTRAL = 1, 2


def questions(spec: Spec) -> tuple[ListBindings, ...]:
    """Answer what a node must be asked about bindings: also what they serve, where certificates may go."""
    return (_QUESTION,) if spec.bindings or spec.certificates else ()


def listed(spec: Spec, response: Response) -> tuple[BindingState, ...]:
    """Answer the bindings of the node, none without IIS; raises `NodeError` where it cannot tell."""
    if not questions(spec):
        return ()
    try:
        return response.to(_QUESTION, BindingList).bindings
    except NodeError as error:
        if error.code != "no_iis":
            raise
        return ()


def observe(spec: Spec, response: Response) -> tuple[list[Subject], list[Change]]:
    """Compare the declared bindings."""
    subjects: list[Subject] = []
    changes: list[Change] = []
    for declared in spec.bindings:
        subject = Subject(address=f"bindings.{_text(declared)}", target=f"site {declared.site}", in_waves=True)
        try:
            bindings = listed(spec, response)
        except NodeError as error:
            subjects.append(replace(subject, refusal=f"the bindings of IIS cannot be listed: {error.message}"))
            continue
        found = _matching(declared, bindings)
        refusal = _refusal(declared, found) or _contradiction(spec, declared, bindings)
        if found is None or refusal:
            subjects.append(replace(subject, refusal=refusal))
            continue
        wanted = BoundCertificate(thumbprint=spec.certificates[declared.certificate].thumbprint, store="My")
        if _is_bound(found, wanted):
            subjects.append(subject)
            continue
        difference = Difference("certificate", _shown(found.certificate), _shown(wanted))
        subjects.append(replace(subject, differences=(difference,)))
        changes.append(
            BindingChange(
                site=found.site,
                address=found.address,
                port=found.port,
                host=found.host,
                before=found.certificate,
                after=wanted,
            )
        )
    return subjects, changes


def _matching(declared: Binding, bindings: tuple[BindingState, ...]) -> BindingState | None:
    wanted = (declared.site.lower(), declared.address.lower(), declared.port, declared.host.lower())
    return next(
        (
            each
            for each in bindings
            if (each.site.lower(), each.address.lower(), each.port, each.host.lower()) == wanted
        ),
        None,
    )


def _refusal(declared: Binding, found: BindingState | None) -> str | None:
    if found is None:
        return "IIS has no such HTTPS binding; create it, or correct site, address, port and host"
    if found.flags & _CENTRAL:
        return "the binding takes its certificate from the central certificate store; leave it out of the spec"
    if declared.sni is not None and declared.sni != bool(found.flags & _SNI):
        needed = "does not tell hosts apart by name (SNI)" if declared.sni else "tells hosts apart by name (SNI)"
        return f"the binding {needed}, and is expected otherwise; change it in IIS, or correct sni"
    return None


def _contradiction(spec: Spec, declared: Binding, bindings: tuple[BindingState, ...]) -> str | None:
    """Tell why the certificate cannot be served: without SNI, Windows keeps one for an address and port."""
    place = declared.address, declared.port
    without_sni = [
        each
        for each in spec.bindings
        if (each.address, each.port) == place and (state := _matching(each, bindings)) and not state.flags & _SNI
    ]
    if declared not in without_sni or all(each.certificate == declared.certificate for each in without_sni):
        return None
    return "without SNI, Windows serves one certificate for an address and port; set SNI in IIS, or declare one"


def _shown(bound: BoundCertificate | None) -> str:
    if bound is None:
        return "none"
    return bound.thumbprint if bound.store.lower() == "my" else f"{bound.thumbprint} in {bound.store}"


def _is_bound(found: BindingState, wanted: BoundCertificate) -> bool:
    bound = found.certificate
    return bound is not None and (bound.thumbprint.upper(), bound.store.lower()) == (
        wanted.thumbprint,
        wanted.store.lower(),
    )


def _text(declared: Binding) -> str:
    """Answer the binding as a person reads it: `Default Web Site/*:443` or `Default Web Site/*:443:portal.example`."""
    return f"{declared.site}/{declared.address}:{declared.port}" + (f":{declared.host}" if declared.host else "")
