"""From a declaration to a `Spec`, or to every problem at once."""

import json
import re
from collections.abc import Mapping
from typing import Any

from keydeploy.errors import Problem, SpecError
from keydeploy.keys import machine_key
from keydeploy.keys.machine_key import MachineKey
from keydeploy.secret import Secret
from keydeploy.spec.agreement import agreed, runtimes
from keydeploy.spec.declaration import Declaration, Path
from keydeploy.spec.duration import seconds
from keydeploy.spec.lifetime import AGING, acceptance_of, lifetime_of
from keydeploy.spec.material import installed_certificate, private_key
from keydeploy.spec.material_agreement import pool_settings, protected_sections
from keydeploy.spec.model import (
    Application,
    AppPool,
    Backups,
    Binding,
    Health,
    Hook,
    InstalledCertificate,
    KeyContainer,
    Machine,
    ProtectedSections,
    Rollout,
    SmartCards,
    Spec,
    Waves,
)
from keydeploy.spec.names import attribute
from keydeploy.spec.rules import problems_of_rules
from keydeploy.spec.shape import problems_of_shape
from keydeploy.spec.smart_cards import TRANSACTION_TIMEOUT

DEFAULT_FARM = "default"


def load(declaration: Declaration) -> Spec:
    """Answer the spec that *declaration* holds; raises `SpecError` with all of its problems."""
    problems = problems_of(declaration)
    if problems:
        raise SpecError(problems)
    return build(declaration, agreed(declaration.value))


def problems_of(declaration: Declaration) -> tuple[Problem, ...]:
    """Answer everything that is wrong with *declaration* by itself; rules add nothing where the shape is wrong."""
    found = [*declaration.problems, *problems_of_shape(declaration)]
    told = {problem.address for problem in found}
    found += (problem for problem in problems_of_rules(declaration) if problem.address not in told)
    return tuple(dict.fromkeys(found))


def build(declaration: Declaration, shared: Mapping[Path, Any]) -> Spec:
    """Answer the spec that *declaration*, which has no problems, holds; *shared* is what is `agreed` of it."""
    value = declaration.value
    csp, ksp = shared[TRANSACTION_TIMEOUT]
    return Spec(
        host=declaration.host,
        farm=value.get("farm", DEFAULT_FARM),
        machine_keys={name: _machine_key(key) for name, key in value.get("machine_keys", {}).items()},
        applications={name: _application(app) for name, app in value.get("applications", {}).items()},
        rollout=_rollout(value.get("rollout", {}), shared),
        key_containers={name: _key_container(each) for name, each in value.get("key_containers", {}).items()},
        certificates={name: _certificate(each) for name, each in value.get("certificates", {}).items()},
        bindings=tuple(_binding(each) for each in value.get("bindings", [])),
        machine=_machine(value["machine"]) if "machine" in value else None,
        smart_cards=SmartCards(csp=csp, ksp=ksp),
        lifetimes={
            f"{kind}.{name}": lifetime
            for kind in AGING
            for name, each in value.get(kind, {}).items()
            if (lifetime := lifetime_of(each))
        },
        acceptances={
            name: acceptance
            for name, key in value.get("machine_keys", {}).items()
            if (acceptance := acceptance_of(key))
        },
        shared=Secret.of(json.dumps(sorted(shared.items()))),
    )


def farm_of(declaration: Declaration) -> str | None:
    """Answer the farm that *declaration* names, also when the rest of it is wrong; None when it cannot be told."""
    farm = attribute(declaration.value, "spec", "farm", DEFAULT_FARM)
    return farm if isinstance(farm, str) else None


def _machine_key(value: Mapping[str, Any]) -> MachineKey:
    mode = value.get("compatibility_mode", machine_key.DEFAULT_MODE)
    return MachineKey(
        validation=value.get("validation", machine_key.DEFAULT_VALIDATION),
        decryption=value.get("decryption", machine_key.DEFAULT_DECRYPTION),
        compatibility_mode=None if mode == machine_key.OMIT else mode,
        validation_key=Secret.of(value["validation_key"]),
        decryption_key=Secret.of(value["decryption_key"]),
        data_protector_type=value.get("data_protector_type"),
        application_name=value.get("application_name"),
    )


def _application(value: Mapping[str, Any]) -> Application:
    tokens = value.get("session_tokens", {})
    of_tokens = tokens.get("machine_key")
    web_config = value.get("web_config")
    return Application(
        site=value.get("site"),
        path=value.get("path"),
        web_config=re.sub(r"[\\/]+", r"\\", web_config) if web_config else None,
        machine_key=value.get("machine_key", of_tokens),
        session_tokens=of_tokens,
        session_certificate=tokens.get("certificate"),
        protected_sections=_protected_sections(value),
        app_pool=AppPool(**pool_settings(value["app_pool"])) if "app_pool" in value else None,
    )


def _key_container(value: Mapping[str, Any]) -> KeyContainer:
    declared, previous = value.get("private_key"), value.get("previous_key")
    return KeyContainer(
        private_key=private_key(declared, value.get("password")) if declared else None,
        previous_key=private_key(previous, value.get("previous_password")) if previous else None,
        provider_type=int(value.get("provider_type", 24)),
        exportable=value.get("exportable", False),
        readers=tuple(value.get("readers", ())),
    )


def _certificate(value: Mapping[str, Any]) -> InstalledCertificate:
    if value.get("state") == "absent":
        return InstalledCertificate(thumbprint=value["thumbprint"].upper(), certificate=None)
    certificate = installed_certificate(value)
    return InstalledCertificate(
        thumbprint=certificate.thumbprint,
        certificate=certificate,
        readers=tuple(value.get("readers", ())),
        exportable=value.get("exportable", False),
        friendly_name=value.get("friendly_name"),
    )


def _binding(value: Mapping[str, Any]) -> Binding:
    return Binding(
        site=value["site"],
        port=int(value.get("port", 443)),
        host=value.get("host", ""),
        address=value.get("address", "*"),
        certificate=value["certificate"],
        sni=value.get("sni"),
    )


def _machine(value: Mapping[str, Any]) -> Machine:
    return Machine(
        level=value["level"],
        machine_key=value.get("machine_key"),
        runtimes=runtimes(value.get("runtimes")),
        protected_sections=_protected_sections(value),
    )


def _protected_sections(value: Mapping[str, Any]) -> ProtectedSections | None:
    declared = protected_sections(value.get("protected_sections"))
    return ProtectedSections(**declared) if declared else None


def _rollout(value: Mapping[str, Any], shared: Mapping[Path, Any]) -> Rollout:
    """Answer the roll-out: what members share is read in `agreement` already, what is a member's own is in *value*."""

    def of(*path: str) -> Any:
        return shared["rollout", *path]

    waves = {str(path[-1]): found for path, found in shared.items() if path[:2] == ("rollout", "waves")}
    return Rollout(
        margin=of("margin"),
        grace=of("grace"),
        lease=of("lease"),
        clock_drift_limit=of("clock_drift_limit"),
        waves=Waves(**waves) if waves else None,
        may_be_missing=of("require", "all_but"),
        backups=Backups(keep=of("backups", "keep"), expire=of("backups", "for")),
        health=_health(value.get("health")),
        drain=_hook(value.get("drain")),
        undrain=_hook(value.get("undrain")),
    )


def _health(value: Mapping[str, Any] | None) -> Health | None:
    if value is None:
        return None
    return Health(value["url"], int(value.get("expect", 200)), seconds(value.get("within", "10s")))


def _hook(value: Mapping[str, Any] | None) -> Hook | None:
    if value is None:
        return None
    return Hook(
        tasks=value.get("tasks"),
        url=value.get("url"),
        method=value.get("method", "POST"),
        expect=int(value.get("expect", 200)),
        within=seconds(value.get("within", "10s")),
        wait=seconds(value.get("wait", "0s")),
    )
