"""The certificate that a rotation supersedes: with its key it stays on the nodes until somebody lets it go.

A node may need it for what the spec does not name, and it cannot be put back; so it goes only where that is accepted
and another certificate of its name has taken its place, or where the spec says that it shall be absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.keys.certificate import Certificate
from keydeploy.rotation.targets import Target
from keydeploy.spec import Spec

_HEX_OF_A_NAME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A superseded certificate."""

    name: str
    """That of the declaration which named it."""
    thumbprint: str
    subject: str
    is_replaced: bool
    """A declared certificate has the same subject, so that accepting what cannot be undone lets it go."""

    def __str__(self) -> str:
        return f"certificate {self.thumbprint} ({self.subject})"

    @property
    def to_declare(self) -> str:
        """Answer the entry of `certificates` that lets it go."""
        name = f"{self.name}_{self.thumbprint[:_HEX_OF_A_NAME].lower()}"
        return f"{name}: {{state: absent, thumbprint: {self.thumbprint}}}"

    def removal(self, apply: str) -> Iterator[str]:
        """Yield how to remove it from the nodes, line by line; *apply* is the command that rolls out."""
        if self.is_replaced:
            yield f"{apply} --accept-irreversible removes both, where nothing that it looks at refers to them"
            return
        yield f"no certificate that stays declared has its subject; to remove both, declare beside {self.name}:"
        yield f"    {self.to_declare}"
        yield f"and run {apply} --accept-irreversible"


def remains(target: Target, spec: Spec, new: Certificate) -> Remains | None:
    """Answer what stays when *target*, which *spec* declares, becomes *new*; None where it is no certificate."""
    if target.kind != "certificates":
        return None
    present = spec.certificates[target.name]
    if present.certificate is None:
        return None
    others = [each.certificate for name, each in spec.certificates.items() if name != target.name]
    subjects = {new.subject, *(each.subject for each in others if each is not None)}
    return Remains(
        name=target.name,
        thumbprint=present.thumbprint,
        subject=present.certificate.subject,
        is_replaced=present.certificate.subject in subjects,
    )
