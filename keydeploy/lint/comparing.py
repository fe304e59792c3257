"""Reduces what one node has to what nodes are compared by: fingerprints, thumbprints and words, with their places."""

import re
from collections.abc import Iterator

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.machine_key import COMPATIBILITY_MODES, decryption_in_effect, fingerprint
from keydeploy.lint.farm import AUTOMATIC, NONE, Seen, SeenApplication, SeenNode, SeenRuntime
from keydeploy.lint.key_text import KeyText, Kind
from keydeploy.lint.machine_keys import KEYS, MachineKeyView, views
from keydeploy.lint.model import Application
from keydeploy.lint.nodes import Looked
from keydeploy.lint.sight import Part, parts
from keydeploy.spec.model import Spec
from keydeploy.webconfig.identity_model import SERVICES, WIF_3_5

_CONFIGURATIONS = {SERVICES: "federationConfiguration", WIF_3_5: "service"}
_THUMBPRINT = re.compile(r"[0-9A-F]{40}")


def reduce(spec: Spec, looked: Looked) -> SeenNode:
    """Answer what the node of *spec* is compared by."""
    return SeenNode(
        node=spec.host,
        farm=spec.farm,
        applications=tuple(_application(each, looked.host) for each in looked.applications),
        runtimes=tuple(_runtimes(looked.roots)),
    )


def _application(application: Application, host: str) -> SeenApplication:
    view, node = next(views(application)), application.node
    profile = node.load_user_profile if node else None
    return SeenApplication(
        name=application.name,
        key=_key(view, AUTOMATIC),
        mode=_mode(view),
        certificate=_certificate(application),
        profile=None if profile is None else Seen(value="true" if profile else "false", file=host),
        pool=node.pool if node else None,
    )


def _runtimes(roots: tuple[Application, ...]) -> Iterator[SeenRuntime]:
    for root in roots:
        key = _key(next(views(root)), NONE)
        if key is not None and root.node is not None and root.node.runtime is not None:
            yield SeenRuntime(runtime=root.node.runtime, key=key)


def _key(view: MachineKeyView, unset: str) -> Seen | None:
    """Answer the fingerprint of the key in effect, *unset* where no file sets one; None where it cannot be told."""
    found = [key for key in map(view.key, KEYS) if key is not None]
    if len(found) < len(KEYS):
        return None
    part = next(filter(None, (view.part(attribute) for attribute in KEYS)), None)
    if part is None:
        return _at(unset, view.application, None)
    if any(key.kind is Kind.AUTOMATIC for key in found):
        return _at(AUTOMATIC, view.application, part)
    validation, decryption = found
    named = (view.value("decryption") or "").strip()
    in_effect = decryption_in_effect(named, view.mode, len(decryption.digits))
    algorithms = (view.value("validation") or "").strip(), in_effect
    try:
        known = fingerprint(*algorithms, validation.digits, decryption.digits)
    except KeyMaterialError:  # no key at all, which a rule tells
        return None
    return _at("".join((known, *_modifiers(validation, decryption))), view.application, part)


def _modifiers(*keys: KeyText) -> Iterator[str]:
    """Yield the modifiers of *keys*, which make other keys of the same digits."""
    for attribute, key in zip(KEYS, keys, strict=True):
        for name, is_set in (("IsolateApps", key.isolate_apps), ("IsolateByAppId", key.isolate_by_app_id)):
            if is_set:
                yield f" {attribute},{name}"


def _mode(view: MachineKeyView) -> Seen | None:
    mode = view.mode
    if mode is None:
        return None
    known = mode if mode in COMPATIBILITY_MODES else "that nobody knows"
    return _at(known, view.application, view.part("compatibilityMode"))


def _certificate(application: Application) -> Seen | None:
    """Answer the thumbprint of the certificate that WIF's configuration names; the file nearest to the application."""
    found = [
        (part, thumbprint)
        for section, configuration in _CONFIGURATIONS.items()
        for part in parts(application, section)
        for reference in part.below(configuration, "serviceCertificate", "certificateReference")
        if reference.get("x509FindType") == "FindByThumbprint"
        for thumbprint in _THUMBPRINT.findall("".join((reference.get("findValue") or "").split()).upper())
    ]
    return _at(found[-1][1], application, found[-1][0]) if found else None


def _at(value: str, application: Application, part: Part | None) -> Seen:
    if part is None:
        return Seen(value=value, file=application.own.path)
    line, column = map(int, part.document.place(part.anchor.start).split(":"))
    return Seen(value=value, file=part.path, line=line, column=column)
