"""Whether a copy shows against the spec what its node shows: a rehearsal on one that does not would prove nothing."""

import re
from collections.abc import Callable
from typing import Any

from keydeploy.observation import Observation, Subject

_THUMBPRINT = re.compile(r"[0-9A-F]{40}")


Rename = Callable[[str], str]
"""Answers what stands for a thumbprint."""


def unlike(node: Observation, copy: Observation, rename: Rename) -> tuple[str, ...]:
    """Answer the addresses under which *copy*, where thumbprints are called as by *rename*, is not like *node*.

    Names of differences, and whether there is a refusal, are compared.
    """
    wanted = {_renamed(subject.address, rename): _shown(subject, rename) for subject in node.subjects}
    found = {subject.address: _shown(subject, str) for subject in copy.subjects}
    return tuple(address for address in {**wanted, **found} if wanted.get(address) != found.get(address))


def _shown(subject: Subject, rename: Rename) -> tuple[Any, ...]:
    return (
        [_renamed(difference.name, rename) for difference in subject.differences],
        subject.refusal is None,
        subject.irreversible is None,
        subject.vanishes,
        subject.in_waves,
        subject.found == subject.wanted,
        subject.found is None,
        len(subject.impact),
        len(subject.warnings),
        len(subject.violations),
    )


def _renamed(text: str, rename: Rename) -> str:
    return _THUMBPRINT.sub(lambda found: rename(found[0]), text)
