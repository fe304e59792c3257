"""What is declared, and how long it lasts, as a report tells it of a farm."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keydeploy.spec import Declaration, Material, load, materials_of
from tests.explain.drifting import declared
from tests.observation.farm import DECRYPTION_KEY, VALIDATION_KEY, spec_of

KEY = "machine_keys.portal"


def aging(**more: str) -> Material:
    """Answer what is told of a machine key that declares *more*."""
    key = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY, **more}
    value: dict[str, Any] = {"machine_keys": {"portal": key}}
    (found,) = materials_of(load(Declaration(host="web1", value=value)))
    return found


def test_a_key_without_an_age_is_told_all_the_same() -> None:
    told = list(materials_of(spec_of({})))
    assert told == [Material(address=KEY), Material(address="machine_keys.other")]


def test_a_key_may_be_used_until_its_age_is_reached() -> None:
    assert aging(created="2026-01-02") == Material(address=KEY, created=date(2026, 1, 2))
    assert aging(created="2026-01-02", max_age="365d") == Material(
        address=KEY, created=date(2026, 1, 2), due=date(2027, 1, 2)
    )


def test_a_certificate_has_the_days_and_the_key_that_its_issuer_wrote() -> None:
    of = {each.address: each for each in materials_of(declared("web1", {"certificate": "session"}))}
    certificate, container = of["certificates.session"], of["key_containers.PortalConfiguration"]

    assert (certificate.created, certificate.due) == (date(2026, 1, 1), date(2028, 1, 1))
    assert (container.created, container.due) == (None, None)
    assert {(certificate.fingerprint or "")[:7], (container.fingerprint or "")[:7]} == {"sha256:"}
    assert certificate.fingerprint != container.fingerprint


@given(st.text(), st.none() | st.dates(), st.none() | st.dates(), st.none() | st.text())
def test_it_goes_into_json_and_back(
    address: str, created: date | None, due: date | None, fingerprint: str | None
) -> None:
    material = Material(address=address, created=created, due=due, fingerprint=fingerprint)
    assert Material.from_json(material.to_json()) == material
