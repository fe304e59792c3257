"""Where what was adopted is written, so that the inventory finds it."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest
import yaml

from keydeploy.adoption import places
from keydeploy.adoption.places import Place
from keydeploy.errors import KeydeployError

GROUPS: Mapping[str, Sequence[str]] = {
    "all": ["web1", "web2", "db1"],
    "ungrouped": [],
    "web": ["web1", "web2"],
    "portal": ["web2", "web1"],
    "db": ["db1"],
}


def choose(folder: Path, *hosts: str, output: str | None = None, farm: str = "portal") -> Place:
    (folder / "inventory.yml").touch()
    return places.choose([str(folder / "inventory.yml")], output, groups=GROUPS, hosts=hosts, farm=farm)


def test_the_group_that_holds_exactly_these_hosts(tmp_path: Path) -> None:
    place = choose(tmp_path, "web1", "web2")

    assert place.folder == tmp_path
    assert place.spec == PurePosixPath("group_vars/web/keydeploy.yml")
    assert place.vault == PurePosixPath("group_vars/web/vault.yml")
    assert place.hosts is None
    assert places.farm_of(GROUPS, ["web2", "web1"]) == "web"


def test_all_hosts_are_those_of_no_other_group(tmp_path: Path) -> None:
    assert choose(tmp_path, "web1", "web2", "db1").group == "all"
    assert places.farm_of(GROUPS, ["web1", "web2", "db1"]) is None


def test_an_inventory_that_is_a_folder_holds_its_own_variables(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    place = places.choose([str(tmp_path / "prod")], None, groups=GROUPS, hosts=["db1"], farm="db")
    assert place.folder / place.spec == tmp_path / "prod/group_vars/db/keydeploy.yml"


def test_the_folder_of_the_inventory_may_be_named(tmp_path: Path) -> None:
    assert choose(tmp_path, "db1", output=f"{tmp_path}/../{tmp_path.name}").hosts is None


def test_hosts_that_are_no_group_need_another_folder(tmp_path: Path) -> None:
    with pytest.raises(KeydeployError, match="no group of the inventory holds exactly these 1 hosts"):
        choose(tmp_path, "web1")

    place = choose(tmp_path, "web1", output=str(tmp_path / "other"), farm="My farm!")
    assert place.hosts is not None
    assert place.folder / place.hosts == tmp_path / "other/hosts.yml"
    assert place.folder / place.spec == tmp_path / "other/group_vars/my_farm/keydeploy.yml"


@pytest.mark.parametrize("farm", ["web", "all", "ungrouped", "web1"])
def test_the_new_group_is_none_that_others_are_in(tmp_path: Path, farm: str) -> None:
    assert choose(tmp_path, "web1", output=str(tmp_path / "other"), farm=farm).group == f"keydeploy_{farm}"


def test_a_list_of_hosts_has_no_folder() -> None:
    with pytest.raises(KeydeployError, match="has no folder"):
        places.choose(["web1,"], None, groups={"all": ["web1"]}, hosts=["web1"], farm="web")
    place = places.choose(["web1,"], "adopted", groups={"all": ["web1"]}, hosts=["web1"], farm="web")
    assert (place.folder, place.hosts) == (Path("adopted"), PurePosixPath("hosts.yml"))


@pytest.mark.parametrize("name", ["group_vars/web/keydeploy.yml", "group_vars/web/vault.yml", "group_vars/web"])
def test_nothing_that_is_there_is_in_the_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    with pytest.raises(KeydeployError, match="is there already"):
        choose(tmp_path, "web1", "web2")


def test_a_link_that_leads_nowhere_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "group_vars/web").mkdir(parents=True)
    (tmp_path / "group_vars/web/vault.yml").symlink_to("nowhere")
    with pytest.raises(KeydeployError, match="is there already"):
        choose(tmp_path, "web1", "web2")


def test_the_hosts_are_read_as_they_are_called() -> None:
    hosts = ["web1.contoso.com", "1e5", "null", 'odd"\\name']
    found = yaml.safe_load(places.hosts_file("web", hosts))
    assert list(found["all"]["children"]["web"]["hosts"]) == hosts
