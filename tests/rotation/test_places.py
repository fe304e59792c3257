"""What is kept at one place gets one value, and only where all that use it are named."""

from pathlib import Path as File

from keydeploy.errors import Problem
from keydeploy.rotation.parts import Part
from keydeploy.rotation.places import Placed, Use, place, uses
from keydeploy.secret import Secret
from keydeploy.spec import Declaration
from keydeploy.spec.declaration import Path

VALIDATION: Path = ("machine_keys", "portal", "validation_key")
OTHER: Path = ("machine_keys", "orders", "validation_key")
FOLDER = File("/nowhere")


def part(farm: str, path: Path, value: str, form: str = "a key", *, may_be_clear: bool = False) -> Part:
    return Part(farm=farm, path=path, value=Secret.of(value), form=form, may_be_clear=may_be_clear)


def use(farm: str, path: Path, where: str | None) -> Use:
    return Use(farm, path, where, Secret.of("AABB"))


def values(placed: Placed) -> dict[str, list[tuple[int, int, str]]]:
    return {
        file: [(each.line, each.column, each.value.reveal().decode()) for each in replacements]
        for file, replacements in placed.files.items()
    }


def texts(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


def test_a_value_that_each_host_keeps_for_itself_is_the_same_everywhere() -> None:
    known = [use("portal", VALIDATION, f"host_vars/web{n}.yml:2:5") for n in (1, 2)]
    placed = place([part("portal", VALIDATION, "new")], known, FOLDER)
    assert values(placed) == {f"/nowhere/host_vars/web{n}.yml": [(2, 5, "new")] for n in (1, 2)}
    assert placed.problems == ()


def test_parts_that_share_a_place_by_way_of_others_get_one_value() -> None:
    known = [
        use("one", VALIDATION, "a.yml:1:1"),
        use("one", VALIDATION, "b.yml:1:1"),
        use("two", VALIDATION, "b.yml:1:1"),
        use("two", VALIDATION, "c.yml:1:1"),
    ]
    placed = place([part("one", VALIDATION, "first"), part("two", VALIDATION, "second")], known, FOLDER)
    assert {value for found in values(placed).values() for _, _, value in found} == {"first"}
    assert len(placed.files) == 3


def test_what_also_belongs_to_somebody_else_is_told_and_refused() -> None:
    known = [use("portal", VALIDATION, "v.yml:1:1"), use("portal", OTHER, "v.yml:1:1")]
    told = texts(place([part("portal", VALIDATION, "new")], known, FOLDER).problems)
    assert told == [
        "v.yml:1:1: portal/machine_keys.portal.validation_key: this value is also that of"
        " portal/machine_keys.orders.validation_key; name both, or give each a variable of its own"
    ]


def test_one_value_for_different_things_is_refused() -> None:
    known = [use("portal", VALIDATION, "v.yml:1:1"), use("portal", OTHER, "v.yml:1:1")]
    parts = [part("portal", VALIDATION, "new", "a key of 64"), part("portal", OTHER, "new", "a key of 128")]
    (told,) = texts(place(parts, known, FOLDER).problems)
    assert "one value for a key of 64 and a key of 128; give each a variable of its own" in told


def test_a_value_of_which_nobody_knows_the_place_is_refused() -> None:
    for where in (None, "<CLI option '-e'>"):
        (told,) = texts(place([part("portal", VALIDATION, "new")], [use("portal", VALIDATION, where)], FOLDER).problems)
        assert "nothing tells where this value is kept" in told


def test_what_one_user_needs_encrypted_may_not_be_in_clear() -> None:
    known = [use("portal", VALIDATION, "v.yml:1:1"), use("portal", OTHER, "v.yml:1:1")]
    parts = [part("portal", VALIDATION, "new", may_be_clear=True), part("portal", OTHER, "new")]
    (replacement,) = place(parts, known, FOLDER).files["/nowhere/v.yml"]
    assert not replacement.may_be_clear


def test_every_value_of_a_declaration_has_its_place_and_never_that_of_its_holder() -> None:
    declaration = Declaration(
        host="web1",
        value={"machine_keys": {"portal": {"validation_key": "AABB"}}, "bindings": [{"port": 443}]},
        values={("machine_keys", "portal"): "a.yml:1:1", ("bindings", 0, "port"): "a.yml:9:1"},
    )
    found = {each.path: (each.place, each.value) for each in uses("portal", declaration)}
    assert found == {VALIDATION: (None, Secret.of("AABB")), ("bindings", 0, "port"): ("a.yml:9:1", Secret.of("443"))}
