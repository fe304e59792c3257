"""The values of the spec that a rotation replaces, and the new ones.

Randomness comes from the operating system; the day is an argument. A part belongs to a farm, and may be kept at several
places, such as in the variables of each host.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keydeploy.errors import KeydeployError
from keydeploy.keys import machine_key, rsa_key
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.rsa_key import DEFAULT_BITS, RsaKey
from keydeploy.rotation import certificate_forms
from keydeploy.rotation.contents import Content
from keydeploy.rotation.targets import Target
from keydeploy.secret import Secret
from keydeploy.spec import Spec
from keydeploy.spec.declaration import Path

DAY = "created"
"""The name of the field that says since when a key is in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One value of the spec and its successor."""

    farm: str
    path: Path
    value: Secret
    form: str
    """What the successor is like; values that are kept at one place must be alike in it."""
    content: Content = Content.KEY
    may_be_clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for beside the names."""

    day: str
    """The day of the rotation, YYYY-MM-DD."""
    certificate: Certificate | None = None
    irreversible: bool = False
    """A container's key may be replaced also where nothing could put it back."""


def parts(
    target: Target,
    spec: Spec,
    declared: Mapping[str, Any],
    order: Order,
    random_bytes: Callable[[int], bytes],
) -> Iterator[Part]:
    """Yield what of *target*, which *spec* holds and *declared* says, is to be replaced, and by what.

    Raises `KeydeployError` where it cannot be.
    """
    match target.kind:
        case "machine_keys":
            yield from _machine_key(target, spec, random_bytes)
        case "key_containers":
            yield from _container(target, spec, declared, order)
        case _:
            yield from _certificate(target, spec, declared, order)
    if DAY in declared:
        path = (target.kind, target.name, DAY)
        day = Secret.of(order.day)
        yield Part(farm=target.farm, path=path, value=day, form="a day", content=Content.DAY, may_be_clear=True)


def bits(key: RsaKey | None) -> int:
    """Answer how long the successor of *key* is."""
    return max(DEFAULT_BITS, key.bits if key else 0)


def _machine_key(target: Target, spec: Spec, random_bytes: Callable[[int], bytes]) -> Iterator[Part]:
    present = spec.machine_keys[target.name]
    new = machine_key.generate(
        random_bytes,
        validation=present.validation,
        decryption=present.decryption,
        mode=present.compatibility_mode or machine_key.OMIT,
    )
    for name, value in (("validation_key", new.validation_key), ("decryption_key", new.decryption_key)):
        form = f"a {name} of {len(value.reveal())} hex digits"
        yield Part(farm=target.farm, path=(target.kind, target.name, name), value=value, form=form)


def _container(target: Target, spec: Spec, declared: Mapping[str, Any], order: Order) -> Iterator[Part]:
    container = spec.key_containers[target.name]
    path: Path = (target.kind, target.name)
    assert container.private_key is not None  # noqa: S101 - it would be no target
    if "previous_key" in declared:
        moved = _moved(container.private_key, declared)
        form = f"the key before {container.private_key.fingerprint}"
        yield Part(
            farm=target.farm,
            path=(*path, "previous_key"),
            value=moved,
            form=form,
            content=Content.KEY_BEFORE,
            may_be_clear="previous_password" in declared,
        )
    else:
        _check_way_back(target, spec, accepted=order.irreversible)
    length = bits(container.private_key)
    password = declared.get("password")
    new = certificate_forms.key_pem(rsa_key.generate(length), password)
    form = f"an RSA key of {length} bits{', encrypted' if password else ''}"
    yield Part(farm=target.farm, path=(*path, "private_key"), value=new, form=form, may_be_clear=password is not None)


def _moved(key: RsaKey, declared: Mapping[str, Any]) -> Secret:
    """Answer the present key as the previous one: as it is written, unless passwords call for another form."""
    if "password" not in declared and "previous_password" not in declared:
        return Secret.of(declared["private_key"])
    return certificate_forms.key_pem(key, declared.get("previous_password"))


def _check_way_back(target: Target, spec: Spec, *, accepted: bool) -> None:
    """Raise `KeydeployError` where the key that is replaced would be missed."""
    variable = f"vault_{target.name.lower().replace(' ', '_').replace('-', '_').replace('.', '_')}_previous"
    hint = (
        f'declare in {target.address}: previous_key: "{{{{ {variable} }}}}", and beside the present key any key of that'
        f" name (keydeploy generate container-key --name {variable} --format vault > group_vars/all/{variable}.yml);"
        " rotate writes the present key there"
    )
    users = list(_protected_by(target.name, spec))
    if users:
        raise KeydeployError(
            f"{target}: previous_key is not declared, without which the sections of {', '.join(users)} that it protects"
            " cannot be encrypted anew",
            hint=hint,
        )
    if not accepted:
        raise KeydeployError(
            f"{target}: previous_key is not declared, without which the present key cannot be put back",
            hint=f"{hint}; or accept that with --accept-irreversible",
        )


def _protected_by(container: str, spec: Spec) -> Iterator[str]:
    for name, application in spec.applications.items():
        if application.protected_sections and application.protected_sections.container == container:
            yield f"application {name}"
    if spec.machine and spec.machine.protected_sections and spec.machine.protected_sections.container == container:
        yield "the machine level"


def _certificate(target: Target, spec: Spec, declared: Mapping[str, Any], order: Order) -> Iterator[Part]:
    if order.certificate is None:
        raise KeydeployError(
            f"{target}: a certificate is issued by others", hint="give the new one with --pfx FILE or --pem FILE"
        )
    if order.certificate.thumbprint == spec.certificates[target.name].thumbprint:
        raise KeydeployError(f"{target}: the given certificate is the one that is declared", hint="give the new one")
    password, path = declared.get("password"), (target.kind, target.name)
    for name, value, content in _forms(order.certificate, declared, password):
        form = f"the {name} {order.certificate.thumbprint}{', encrypted' if password and content.is_new_key else ''}"
        clear = not content.is_new_key or password is not None
        yield Part(farm=target.farm, path=(*path, name), value=value, form=form, content=content, may_be_clear=clear)


def _forms(
    certificate: Certificate, declared: Mapping[str, Any], password: str | None
) -> Sequence[tuple[str, Secret, Content]]:
    """Answer *certificate* in the form that is declared: names, values, and what they are."""
    if "pfx" in declared:
        return [("pfx", certificate_forms.pfx_base64(certificate, password), Content.CERTIFICATE_WITH_KEY)]
    return [
        ("certificate", certificate_forms.chain_pem(certificate), Content.CERTIFICATE),
        ("private_key", certificate_forms.key_pem(certificate.key, password), Content.CERTIFICATE_KEY),
    ]
