"""What a rotation invalidates, from the spec: which applications, on how many nodes, and what users will notice.

Source: the purposes for which System.Web uses the machine key (`Purpose.cs` of .NET Framework 4.8).
"""

from collections.abc import Iterator, Sequence

from keydeploy.rotation.targets import Target
from keydeploy.spec import Application, Spec

_REFUSED = (
    "forms tickets, role and anonymous cookies, view state and data of MachineKey.Protect from before are refused,"
    " so users log in anew"
)
_SESSIONS = "WIF session cookies"
_NAMES_SHOWN = 6


def invalidated(target: Target, specs: Sequence[Spec]) -> Iterator[str]:
    """Yield what ends when *target* is rotated on the members of its farm, which have *specs*."""
    nodes = f"{len(specs)} node{'' if len(specs) == 1 else 's'}"
    match target.kind:
        case "machine_keys":
            yield from _of_machine_key(target.name, specs[0], nodes)
        case "key_containers":
            yield from _of_container(target.name, specs[0], nodes)
        case _:
            yield from _of_certificate(target.name, specs[0], nodes)


def _of_machine_key(name: str, spec: Spec, nodes: str) -> Iterator[str]:
    users = {each: app for each, app in spec.applications.items() if app.machine_key == name}
    of_sessions = [each for each, app in users.items() if app.session_tokens == name]
    if users:
        yield f"{_named(users)} on {nodes}: {_REFUSED}"
    if of_sessions:
        yield f"{_named(of_sessions)}: {_SESSIONS} from before are refused"
    if spec.machine is not None and spec.machine.machine_key == name:
        yield f"every application of {nodes} without a key of its own: {_REFUSED}"
        yield "restarts every application of the nodes"
    elif users:
        yield f"restarts {_named(users)}: sessions in the memory of its workers end"
    else:
        yield f"no application of the spec uses it, so that nothing changes on {nodes}"


def _of_container(name: str, spec: Spec, nodes: str) -> Iterator[str]:
    protected = [
        f"{', '.join(app.protected_sections.sections)} of {each}"
        for each, app in spec.applications.items()
        if app.protected_sections is not None and app.protected_sections.container == name
    ]
    machine = spec.machine.protected_sections if spec.machine else None
    if machine is not None and machine.container == name:
        protected.append(f"{', '.join(machine.sections)} of the machine level")
    if protected:
        yield f"encrypted anew at the same instant on {nodes}: {'; '.join(protected)}"
    yield (
        f"on {nodes}, what else is encrypted with the present key can no longer be read,"
        " but for the sections of applications of the spec"
        if spec.key_containers[name].previous_key is not None
        else f"on {nodes}, what is encrypted with the present key can no longer be read, and it cannot be put back"
    )
    yield "recycles the app pools that may use it: sessions in the memory of their workers end"


def _of_certificate(name: str, spec: Spec, nodes: str) -> Iterator[str]:
    users = [each for each, app in spec.applications.items() if app.session_certificate == name]
    if users:
        yield f"{_named(users)} on {nodes}: {_SESSIONS} from before are refused; users log in anew"
        yield f"restarts {_named(users)}: sessions in the memory of its workers end"
    for binding in (each for each in spec.bindings if each.certificate == name):
        yield f"binding of {binding.site}, port {binding.port}: serves the new certificate on {nodes}"


def _named(applications: Sequence[str] | dict[str, Application]) -> str:
    names = list(applications)
    rest = len(names) - _NAMES_SHOWN
    listed = ", ".join(names[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    return f"application{'' if len(names) == 1 else 's'} {listed}"
