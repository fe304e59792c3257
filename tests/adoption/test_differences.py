"""Nodes that differ: it is named, what most of them have is proposed, and a plan shows what the others would change."""

from pathlib import Path

import pytest

from keydeploy.node.contract import AppPoolSettings
from tests.adoption.farms import HOST, MODERN, V4, Node, adopt, key, machine_key, pending, web_config
from tests.adoption.test_shapes import encrypted_farm, farm, time_out
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import pem
from tests.observation.farm import KSP

ONE, OTHER = (web_config(machine_key(f"{MODERN} {key(which)}")) for which in (1, 2))
KEY = "applications.a.machine_key"


def test_the_key_of_most_nodes_is_proposed_and_the_plan_is_about_the_others_alone(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/a": OTHER})
    nodes["web2"].write(Node.own("/a"), ONE)
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web1", "web3"), ("web2",)]}
    assert pending(nodes, adopted) == {"web2": {KEY: "validationKey, decryptionKey"}}
    assert f"# {KEY}:\n#   web1, web3 (proposed): sha256:" in adopted.text
    assert "# Nodes differ." in adopted.text


def test_of_two_keys_that_as_many_have_the_first_nodes_counts_and_that_is_said(tmp_path: Path) -> None:
    nodes = dict(list(farm(tmp_path, {"/a": ONE}).items())[:2])
    nodes["web2"].write(Node.own("/a"), OTHER)
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web1",), ("web2",)]}
    assert "web1 (proposed; as many have another): sha256:" in adopted.text
    assert list(pending(nodes, adopted)) == ["web2"]


def test_a_key_wins_over_none_where_as_many_have_either(tmp_path: Path) -> None:
    nodes = dict(list(farm(tmp_path, {"/a": web_config()}).items())[:2])
    nodes["web2"].write(Node.own("/a"), ONE)
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web2",), ("web1",)]}
    assert list(pending(nodes, adopted)) == ["web1"]


def test_no_key_is_declared_where_most_nodes_have_none(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/a": web_config()})
    nodes["web3"].write(Node.own("/a"), ONE)
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web1", "web2"), ("web3",)]}
    assert set(adopted.value) == {"farm"}


def test_the_mode_alone_is_a_difference(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/a": ONE})
    nodes["web3"].replace(Node.own("/a"), "Framework45", "Framework20SP2")
    assert pending(nodes, adopt(nodes)) == {"web3": {KEY: "compatibilityMode"}}


@pytest.mark.parametrize("mode", ["Framework45", "Framework20SP2"])
def test_another_word_for_the_same_algorithm_is_told_as_that_and_not_as_another_key(tmp_path: Path, mode: str) -> None:
    nodes = farm(tmp_path, {"/a": ONE.replace("Framework45", mode)})
    nodes["web3"].replace(Node.own("/a"), 'decryption="AES"', 'decryption="Auto"')
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web1", "web2"), ("web3",)]}
    assert f"#   web3: the same keys, written as HMACSHA256/Auto, mode {mode}\n" in adopted.text
    assert pending(nodes, adopted) == {"web3": {KEY: "decryption"}}, "a plan would let all of them say it alike"


def test_another_word_is_no_other_key_of_dotnet_either(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/": None}, lambda node: node.runtime(V4, "web.config", ONE))
    nodes["web1"].runtime(V4, "web.config", ONE.replace('decryption="AES"', 'decryption="Auto"'))

    assert "web1: root_web_config, v4.0: the same keys, written as HMACSHA256/Auto, mode Fra" in adopt(nodes).text


def test_a_key_of_the_length_of_des_is_another_one_with_aes(tmp_path: Path) -> None:
    short = f'validation="SHA1" decryption="Auto" compatibilityMode="Framework20SP2" {key(1)[:-17]}"'
    nodes = farm(tmp_path, {"/a": web_config(machine_key(short))})
    nodes["web3"].replace(Node.own("/a"), 'decryption="Auto"', 'decryption="DES"')
    nodes["web2"].replace(Node.own("/a"), 'decryption="Auto"', 'decryption="AES"')
    found = adopt(nodes).comments()

    assert "web3: the same keys, written as SHA1/DES, mode Framework20SP2" in found
    assert "web2: its key may not be declared" in found


def test_what_one_node_could_not_take_is_offered_to_nobody(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/a": ONE, "/b": ONE})
    nodes["web2"].write(Node.own("/a"), ONE[:-20])
    adopted = adopt(nodes)

    assert adopted.differences() == {KEY: [("web1", "web3"), ("web2",)]}
    assert list(adopted.value["applications"]) == ["b"]
    assert pending(nodes, adopted) == {}
    assert "not declared: web2: C:\\inetpub\\a\\web.config: 5:16: not well-formed XML" in adopted.comments()


def test_an_application_that_not_all_nodes_have_is_a_comment(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/a": ONE, "/b": ONE})
    nodes["web3"].replace(HOST, '<application path="/a"', '<application path="/other"')
    adopted = adopt(nodes)

    assert adopted.differences() == {
        "applications.a": [("web1", "web2"), ("web3",)],
        "applications.other": [("web1", "web2"), ("web3",)],
    }
    assert list(adopted.value["applications"]) == ["b"]
    assert pending(nodes, adopted) == {}


def test_the_files_of_dotnet_may_differ_too(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/": None}, lambda node: node.runtime(V4, "web.config", ONE))
    nodes["web1"].runtime(V4, "web.config", OTHER)
    adopted = adopt(nodes)

    assert adopted.differences()["machine.machine_key"] == [("web2", "web3"), ("web1",)]
    assert list(pending(nodes, adopted)) == ["web1"]


def test_a_node_whose_files_of_dotnet_cannot_be_read_keeps_them_out(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/": None}, lambda node: node.runtime(V4, "web.config", ONE))
    nodes["web1"].runtime(V4, "web.config", ONE[:-20])
    adopted = adopt(nodes)

    assert "machine" not in adopted.value
    assert pending(nodes, adopted) == {}
    assert adopted.differences()["machine.machine_key"] == [("web2", "web3"), ("web1",)]


@pytest.mark.parametrize("broken", [False, True], ids=["another time-out", "no provider"])
def test_smart_card_time_outs_may_differ(tmp_path: Path, broken: bool) -> None:
    nodes = farm(tmp_path, {"/": None}, lambda node: time_out(node, 100, (64, KSP)))
    if broken:
        nodes["web2"].replace_registry({})
    else:
        time_out(nodes["web2"], 300, (64, KSP))
    adopted = adopt(nodes)

    address = "smart_cards.transaction_timeout.ksp"
    assert adopted.differences() == {address: [("web1", "web3"), ("web2",)]}
    assert pending(nodes, adopted) == ({} if broken else {"web2": {address: "TransactionTimeoutMilliseconds"}})


def test_settings_of_pools_may_differ(tmp_path: Path) -> None:
    nodes = farm(tmp_path, {"/portal": ONE})
    off = AppPoolSettings(load_user_profile=False, set_profile_environment=None)
    beside.set_pool(SandboxAtWork(nodes["web3"].root), off)
    adopted = adopt(nodes)

    assert adopted.differences() == {"applications.portal.app_pool.load_user_profile": [("web1", "web2"), ("web3",)]}
    assert pending(nodes, adopted) == {"web3": {"applications.portal.app_pool": "loadUserProfile"}}


def test_a_container_that_not_all_nodes_have_so_takes_what_it_encrypts_with_it(tmp_path: Path) -> None:
    nodes = encrypted_farm(tmp_path)
    beside.let_use(SandboxAtWork(nodes["web2"].root), "Portal", beside.ONLY_ADMINISTRATORS)
    adopted = adopt(nodes, {"Portal": pem("portal")})

    assert adopted.differences()["key_containers.Portal"] == [("web1", "web3"), ("web2",)]
    assert set(adopted.value) == {"farm", "machine_keys"}
    assert "it is encrypted with the key of container Portal, which is not declared" in adopted.comments()
    assert pending(nodes, adopted) == {}
