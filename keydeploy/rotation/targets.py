"""Which keys are to be rotated: from the names that a user gives to things of farms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keydeploy.errors import KeydeployError
from keydeploy.spec import Spec
from keydeploy.spec.declaration import speakable

KINDS = ("machine_keys", "key_containers", "certificates")
_NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A key of a farm that is to be replaced."""

    farm: str
    kind: str
    """One of `KINDS`."""
    name: str

    @property
    def address(self) -> str:
        """Where the spec declares it, such as `machine_keys.portal`."""
        return f"{self.kind}.{self.name}"

    def __str__(self) -> str:
        return f"{self.farm}/{self.address}"


def choose(names: Sequence[str], farms: Mapping[str, Sequence[Spec]]) -> tuple[Target, ...]:
    """Answer what *names* stand for among what *farms* declare.

    A name is that of the thing, with its kind and a dot in front where that is needed to tell it apart, and with the
    farm and a slash in front of that. Raises `KeydeployError` for one that stands for nothing or for several things.
    """
    known = tuple(target for farm, specs in farms.items() if specs for target in _declared(farm, specs[0]))
    chosen = [target for name in names for target in (_meant(name, known),)]
    return tuple(dict.fromkeys(chosen))


def _declared(farm: str, spec: Spec) -> Iterator[Target]:
    yield from (Target(farm, "machine_keys", name) for name in spec.machine_keys)
    yield from (
        Target(farm, "key_containers", name)
        for name, container in spec.key_containers.items()
        if container.private_key is not None
    )
    yield from (
        Target(farm, "certificates", name)
        for name, installed in spec.certificates.items()
        if installed.certificate is not None
    )


def _meant(name: str, known: Sequence[Target]) -> Target:
    found = [target for target in known if name in _spellings(target)]
    if len(found) == 1:
        return found[0]
    if not found:
        listed = ", ".join(map(str, known[:_NAMES_SHOWN])) + (" and more" if len(known) > _NAMES_SHOWN else "")
        raise KeydeployError(
            f"no key, container or certificate is called {_as_typed(name)}",
            hint=f"declared are {listed}" if known else "the inventory declares none",
        )
    raise KeydeployError(
        f"{_as_typed(name)} may stand for {' or '.join(map(str, found[:_NAMES_SHOWN]))}",
        hint="name the farm and the kind, or name them all",
    )


def _as_typed(name: str) -> str:
    """Answer *name* when a message may show it; a key with slashes in it is judged as a whole."""
    whole = name.replace("/", "")
    return name if speakable(whole) == whole else speakable(whole)


def _spellings(target: Target) -> tuple[str, ...]:
    return target.name, target.address, f"{target.farm}/{target.name}", str(target)
