"""Before a rotation it is said what it ends, for which applications and on how many nodes."""

import pytest

from keydeploy.keys import machine_key
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.rotation.impact import invalidated
from keydeploy.rotation.targets import Target
from keydeploy.secret import Secret
from keydeploy.spec import Application, Binding, KeyContainer, Machine, ProtectedSections, Rollout, Spec

SECTIONS = ProtectedSections(container="Portal", sections=("connectionStrings", "appSettings"))


def spec(host: str) -> Spec:
    key = machine_key.generate(bytes)
    return Spec(
        host=host,
        farm="portal",
        machine_keys={"portal": key, "root": key, "unused": key},
        applications={
            "portal": Application(machine_key="portal", session_tokens="portal", protected_sections=SECTIONS),
            "orders": Application(machine_key="portal"),
            "sessions": Application(session_certificate="session"),
        },
        machine=Machine(level="root_web_config", machine_key="root"),
        key_containers={
            "Portal": KeyContainer(private_key=RsaKey(Secret(b"1")), previous_key=RsaKey(Secret(b"2"))),
            "Lost": KeyContainer(private_key=RsaKey(Secret(b"1"))),
        },
        bindings=(Binding(site="Default Web Site", port=443, host="", address="*", certificate="session"),),
        rollout=Rollout(),
        shared=Secret(b""),
    )


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("machine_keys", "portal", ["applications portal, orders on 2 nodes: forms tickets", "WIF session cookies"]),
        (
            "machine_keys",
            "root",
            ["every application of 2 nodes without a key of its own", "restarts every application"],
        ),
        ("machine_keys", "unused", ["no application of the spec uses it, so that nothing changes on 2 nodes"]),
        (
            "key_containers",
            "Portal",
            ["encrypted anew at the same instant on 2 nodes: connectionStrings, appSettings of"],
        ),
        ("key_containers", "Lost", ["can no longer be read, and it cannot be put back", "recycles the app pools"]),
        ("certificates", "session", ["application sessions on 2 nodes: WIF session cookies", "binding of Default Web"]),
    ],
)
def test_what_ends_is_told(kind: str, name: str, told: list[str]) -> None:
    lines = list(invalidated(Target("portal", kind, name), [spec("web1"), spec("web2")]))
    assert all(any(part in line for line in lines) for part in told), lines
