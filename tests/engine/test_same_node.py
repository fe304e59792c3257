"""Two hosts that are one sandbox node would overwrite each other's work: the spec is refused, with the places."""

from pathlib import Path

from tests.engine.farm import OTHER_KEYS, Stand


def test_two_members_in_one_folder_are_refused_at_the_place_of_the_second(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2", "web3")
    (tmp_path / "nodes/by-another-name").symlink_to("web1")
    stand.set("web3", keydeploy_sandbox=f"{tmp_path}/nodes/by-another-name")

    ran = stand.tell("apply")

    assert ran.code == 3
    (problem,) = ran.report["problems"]
    assert problem["place"].startswith("inventory.yml:")
    assert problem["address"] == "keydeploy_sandbox"
    assert problem["text"] == "web3 is in the same folder as web1, so one node would be two members; give each its own"
    assert stand.calls("web1") == []
    assert (stand.node("web1") / "C/inetpub/portal/web.config").read_bytes() == OTHER_KEYS
