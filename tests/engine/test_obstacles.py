"""What stands against a change before it starts: a limit, too few forks, and settings that show requests."""

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, Stand

NODES = tuple(f"web{number}" for number in range(1, 7))


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    stand = Stand(tmp_path_factory.mktemp("stand"))
    return stand.add_farm("portal", *NODES).add_farm("other", "app1")


def calls(stand: Stand) -> set[int]:
    return {len(stand.calls(node)) for node in NODES}


def test_a_change_with_a_limit_that_cuts_a_farm_is_refused(stand: Stand) -> None:
    ran = stand.keydeploy("apply", "-l", "web1,web2,web3,web4,web5")

    assert ran.code == 1
    assert "! the run leaves out web6; a change is for the whole farm or for none\n    hint: run it without" in ran.out
    assert "not looked at: web6\n" in ran.out
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in NODES)
    assert calls(stand) == {0, 1}


def test_reading_with_a_limit_names_the_nodes_it_did_not_look_at_and_exits_by_the_others(stand: Stand) -> None:
    stand.own_config("web1").write_bytes(DECLARED_KEYS)
    ran = stand.tell("drift", "-l", "web1")
    stand.own_config("web1").write_bytes(OTHER_KEYS)

    assert ran.code == 0
    assert ran.of("portal")["not_looked_at"] == list(NODES[1:])
    assert [node["node"] for node in ran.of("portal")["nodes"]] == ["web1"]
    assert ran.of("other")["not_looked_at"] == ["app1"]
    stand.calls("web1")


def test_too_few_forks_are_refused_before_staging_with_the_number_that_is_needed(stand: Stand) -> None:
    """Ansible's default is 5, and all nodes of the run wait at once, those of another farm too."""
    ran = stand.playbook("keydeploy.core.apply")

    assert ran.code != 0
    assert ran.results("gate")["web1"]["farms"] == {}
    assert ran.results("plan")["web1"]["obstacles"]["portal"][0]["hint"] == "set forks = 7, such as with -f 7"
    assert (
        "7 nodes must wait for one instant, and Ansible works on 5 at a time" in ran.results("conclude")["web6"]["msg"]
    )
    assert calls(stand) == {1}


@pytest.mark.parametrize("setting", ["ANSIBLE_DEBUG", "ANSIBLE_KEEP_REMOTE_FILES"])
def test_nothing_is_sent_while_requests_would_be_shown_or_kept(stand: Stand, setting: str) -> None:
    ran = stand.playbook("keydeploy.core.apply", "-f", "7", env={setting: "1"})

    assert ran.code != 0
    assert (
        f"{setting} is on, which would show or keep secrets; nothing was sent" in ran.results("conclude")["web1"]["msg"]
    )
    assert calls(stand) == {0}
