"""What nodes of one farm must not differ in, judged by what may leave the nodes."""

from hypothesis import given
from hypothesis import strategies as st

from keydeploy.iis import Runtime
from keydeploy.lint import farm
from keydeploy.lint.farm import AUTOMATIC, NONE, Seen, SeenApplication, SeenNode, SeenRuntime, compare
from keydeploy.lint.model import Severity
from keydeploy.node.contract.codec import decode, encode

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
FILE = "C:\\inetpub\\portal\\web.config"


def at(value: str) -> Seen:
    return Seen(value=value, file=FILE, line=4, column=5)


def application(key: str | None = ONE, **seen: str) -> SeenApplication:
    parts = {name: at(value) for name, value in seen.items() if name != "pool"}
    return SeenApplication(name="portal", key=at(key) if key else None, pool=seen.get("pool"), **parts)


def node(name: str, *applications: SeenApplication, of: str = "portal", **runtimes: str) -> SeenNode:
    named = {"framework": Runtime("v4.0", True), "framework64": Runtime("v4.0", False)}
    roots = (SeenRuntime(runtime=named[each], key=at(value)) for each, value in runtimes.items())
    return SeenNode(node=name, farm=of, applications=applications, runtimes=tuple(roots))


def told(*nodes: SeenNode) -> list[tuple[str, str | None, str]]:
    return [(found.rule.id, found.node, found.text) for found in compare(nodes)]


def test_equal_nodes_are_in_order() -> None:
    same = application(mode="Framework45", certificate="A" * 40, profile="true", pool="Portal")

    assert (
        told(node("web1", same, framework=ONE, framework64=ONE), node("web2", same, framework=ONE, framework64=ONE))
        == []
    )


def test_the_node_that_is_unlike_most_is_told_and_where() -> None:
    (found,) = compare([node("web1", application()), node("web2", application(TWO)), node("web3", application())])

    assert (found.rule, found.node, found.application) == (farm.KEY_DIFFERS, "web2", "portal")
    assert (found.file, found.line, found.column) == (FILE, 4, 5)
    assert found.text == f"web2 has the key {TWO[:23]}, web1 and web3 have the key {ONE[:23]}"


def test_an_automatic_key_beside_explicit_ones_is_another_key() -> None:
    assert told(node("web1", application()), node("web2", application(AUTOMATIC))) == [
        ("key-differs-between-nodes", "web2", f"web2 has an automatic key, web1 has the key {ONE[:23]}")
    ]


def test_modifiers_make_another_key_and_are_told() -> None:
    assert told(node("web1", application()), node("web2", application(f"{ONE} validationKey,IsolateApps"))) == [
        (
            "key-differs-between-nodes",
            "web2",
            f"web2 has the key {ONE[:23]} with validationKey,IsolateApps, web1 has the key {ONE[:23]}",
        )
    ]


def test_automatic_keys_alone_are_left_to_the_rule_about_them() -> None:
    assert told(node("web1", application(AUTOMATIC)), node("web2", application(AUTOMATIC))) == []


def test_a_key_that_cannot_be_told_is_compared_with_none() -> None:
    assert told(node("web1", application()), node("web2", application(None))) == []


def test_farms_are_compared_by_themselves() -> None:
    assert told(node("web1", application()), node("shop1", application(TWO), of="shop")) == []


def test_modes_differ_only_where_there_are_keys_for_them() -> None:
    assert told(
        node("web1", application(mode="Framework45")),
        node("web2", application(mode="Framework20SP1")),
    ) == [
        (
            "compatibility-mode-differs-between-nodes",
            "web2",
            "web2 has the mode Framework20SP1, web1 has the mode Framework45",
        )
    ]
    assert not told(
        node("web1", application(AUTOMATIC, mode="Framework45")),
        node("web2", application(AUTOMATIC, mode="Framework20SP1")),
    )


def test_certificates_and_profiles_are_compared() -> None:
    here = application(certificate="A" * 40, profile="true", pool="Portal")
    there = application(certificate="B" * 40, profile="false", pool="Portal")

    assert [rule for rule, *_ in told(node("web1", here), node("web2", there))] == [
        "certificate-differs-between-nodes",
        "load-user-profile-differs-between-nodes",
    ]


def test_the_runtimes_of_one_node_are_compared_with_one_another() -> None:
    alone = told(node("web1", framework=NONE, framework64=ONE))

    text = f"Framework64 v4.0 has the key {ONE[:23]}, Framework v4.0 has no explicit key"
    assert alone == [("key-differs-between-runtimes", "web1", text)]


def test_a_root_file_that_is_told_for_its_application_is_not_told_again() -> None:
    here, there = node("web1", application(), framework64=ONE), node("web2", application(TWO), framework64=TWO)

    assert [rule for rule, *_ in told(here, there)] == ["key-differs-between-nodes"]


def test_a_node_alone_has_nothing_to_differ_from() -> None:
    assert told(node("web1", application(mode="Framework45"))) == []


SEEN = st.builds(application, st.sampled_from([ONE, TWO, AUTOMATIC, None]))
NODES = st.lists(SEEN, min_size=1, max_size=5).map(
    lambda found: [node(f"web{number}", each) for number, each in enumerate(found)]
)


@given(NODES)
def test_what_is_told_is_that_nodes_differ_and_never_about_all_of_them(nodes: list[SeenNode]) -> None:
    keys = {each.key.value for found in nodes for each in found.applications if each.key}
    deviating = [finding.node for finding in compare(nodes)]

    assert bool(deviating) == (len(keys) > 1)
    assert len({*deviating}) == len(deviating) < len(nodes)


@given(NODES)
def test_what_nodes_are_compared_by_crosses_the_wire(nodes: list[SeenNode]) -> None:
    assert [decode(SeenNode, encode(each)) for each in nodes] == nodes


def test_the_rules_say_what_to_do() -> None:
    for rule in farm.RULES:
        assert rule.severity in (Severity.ERROR, Severity.WARNING)
        assert all((rule.title, rule.reason, rule.source, rule.remedy))
