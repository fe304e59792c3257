"""The certificate that a rotation supersedes: what it is, and how it goes."""

from keydeploy.keys.certificate import Certificate, load_pem
from keydeploy.rotation.remains import Remains, remains
from keydeploy.rotation.targets import Target
from keydeploy.secret import Secret
from keydeploy.spec import InstalledCertificate, Rollout, Spec
from tests.engine.declaring import issued, pem
from tests.keys import authorities

SESSION = Target("portal", "certificates", "session")


def given(name: str, which: str = "portal") -> Certificate:
    return load_pem(authorities.pem(issued(name, which)), pem(which), None)


def spec(**certificates: Certificate) -> Spec:
    installed = {
        name: InstalledCertificate(thumbprint=each.thumbprint, certificate=each) for name, each in certificates.items()
    }
    return Spec(
        host="web1",
        farm="portal",
        machine_keys={},
        applications={},
        certificates=installed,
        rollout=Rollout(),
        shared=Secret(b""),
    )


def test_one_of_the_same_subject_goes_where_that_is_accepted() -> None:
    found = remains(SESSION, spec(session=given("a")), given("a", "others"))
    assert found is not None
    assert list(found.removal("keydeploy apply x.yml")) == [
        "keydeploy apply x.yml --accept-irreversible removes both, where nothing that it looks at refers to them"
    ]


def test_one_of_another_subject_goes_where_it_is_declared_absent() -> None:
    present = given("a")
    found = remains(SESSION, spec(session=present), given("b", "others"))
    assert found == Remains(name="session", thumbprint=present.thumbprint, subject=present.subject, is_replaced=False)
    first, entry, last = found.removal("keydeploy apply x.yml")
    assert first.endswith("declare beside session:")
    assert entry.strip() == (
        f"session_{present.thumbprint[:8].lower()}: {{state: absent, thumbprint: {present.thumbprint}}}"
    )
    assert last == "and run keydeploy apply x.yml --accept-irreversible"


def test_another_declared_one_of_its_subject_stands_in_its_place_too() -> None:
    found = remains(SESSION, spec(session=given("a"), other=given("a", "others")), given("b", "previous"))
    assert found is not None
    assert found.is_replaced


def test_other_keys_leave_nothing_behind() -> None:
    assert remains(Target("portal", "machine_keys", "portal"), spec(), given("a")) is None
