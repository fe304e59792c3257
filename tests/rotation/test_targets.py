"""A name stands for one key of one farm, or is told to be unclear."""

import pytest

from keydeploy.errors import KeydeployError
from keydeploy.keys import machine_key
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.rotation.targets import choose
from keydeploy.secret import Secret
from keydeploy.spec import InstalledCertificate, KeyContainer, Rollout, Spec

KEY = machine_key.generate(bytes)


def spec(farm: str, *names: str, containers: tuple[str, ...] = ()) -> tuple[Spec, ...]:
    gone = InstalledCertificate(thumbprint="AB" * 20, certificate=None)
    return (
        Spec(
            host=f"{farm}1",
            farm=farm,
            machine_keys=dict.fromkeys(names, KEY),
            applications={},
            rollout=Rollout(),
            key_containers={
                **{name: KeyContainer(private_key=RsaKey(Secret(b"der"))) for name in containers},
                "gone": KeyContainer(private_key=None),
            },
            certificates={"gone too": gone},
            shared=Secret(b""),
        ),
    )


FARMS = {
    "one": spec("one", "portal", "of one", containers=("portal", "Orders")),
    "two": spec("two", "portal", "a.b"),
}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("of one", "one/machine_keys.of one"),
        ("machine_keys.of one", "one/machine_keys.of one"),
        ("Orders", "one/key_containers.Orders"),
        ("key_containers.portal", "one/key_containers.portal"),
        ("two/portal", "two/machine_keys.portal"),
        ("one/machine_keys.portal", "one/machine_keys.portal"),
        ("a.b", "two/machine_keys.a.b"),
    ],
)
def test_as_much_is_named_as_tells_it_apart(name: str, meant: str) -> None:
    (target,) = choose([name], FARMS)
    assert str(target) == meant


def test_a_key_that_is_named_twice_is_rotated_once() -> None:
    assert len(choose(["of one", "one/of one", "Orders"], FARMS)) == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("portal", "one/machine_keys.portal or one/key_containers.portal or two/machine_keys.portal"),
        ("machine_keys.portal", "one/machine_keys.portal or two/machine_keys.portal"),
        ("one/portal", "one/machine_keys.portal or one/key_containers.portal"),
        ("orders", "no key, container or certificate is called orders"),
        ("gone", "no key, container or certificate is called gone"),
        ("gone too", "no key, container or certificate is called gone too"),
        ("three/portal", "no key, container or certificate is called three/portal$"),
        ("A1" * 32, r"is called \(a name\)"),
        ("A1B2C3/" * 8, r"is called \(a name\)"),
    ],
)
def test_what_stands_for_nothing_or_for_several_is_told(name: str, told: str) -> None:
    with pytest.raises(KeydeployError, match=told) as refused:
        choose([name], FARMS)
    assert refused.value.hint
