"""A new sandbox node looks like a Windows Server with IIS."""

from pathlib import Path

import pytest

from keydeploy import iis
from keydeploy.errors import KeydeployError
from keydeploy.iis import Runtime
from keydeploy.node.contract import ListAppPools, ListBindings, ReadFile, ReadRegistry
from keydeploy.node.layout import create
from keydeploy.node.sandbox import Sandbox
from keydeploy.webconfig.document import Document, parse
from tests.node.contract.asking import done
from tests.node.contract.under_test import Answering

CONFIG = "C/Windows/System32/inetsrv/config/applicationHost.config"


def laid_out(folder: Path, applications: dict[str, bytes | None]) -> Answering:
    create(folder, applications)
    return Sandbox(folder, clock=lambda: 0.0, sleep=lambda _seconds: None)


def application_host(folder: Path) -> Document:
    return parse((folder / CONFIG).read_bytes())


def path_of(node: Answering, path: str) -> str:
    return str(done(node, ReadFile(iis.web_config("Default Web Site", path)))["path"])


def test_it_has_both_frameworks_and_iis(tmp_path: Path) -> None:
    create(tmp_path, {})
    for framework in ("Framework", "Framework64"):
        for file in ("machine.config", "web.config"):
            parse((tmp_path / "C/Windows/Microsoft.NET" / framework / "v4.0.30319/Config" / file).read_bytes())
    assert iis.runtime_of(application_host(tmp_path), "Default Web Site", "/") == Runtime("v4.0")
    assert (tmp_path / "C/ProgramData").is_dir()
    assert (tmp_path / "C/inetpub/wwwroot").is_dir()


@pytest.mark.parametrize(
    ("path", "web_config"),
    [
        ("/", "C:\\inetpub\\wwwroot\\web.config"),
        ("/portal", "C:\\inetpub\\portal\\web.config"),
        ("/portal/admin", "C:\\inetpub\\portal\\admin\\web.config"),
    ],
)
def test_an_application_is_found_through_iis(tmp_path: Path, path: str, web_config: str) -> None:
    node = laid_out(tmp_path, {path: None})
    assert path_of(node, path) == web_config
    assert iis.runtime_of(application_host(tmp_path), "Default Web Site", path) == Runtime("v4.0")


def test_names_are_written_so_that_xml_can_hold_them(tmp_path: Path) -> None:
    node = laid_out(tmp_path, {"/R&D's": None})
    assert path_of(node, "/r&d's") == "C:\\inetpub\\R&D's\\web.config"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf<configuration/>\n\r\n", "<configuration/>".encode("utf-16")])
def test_a_given_web_config_is_copied_exactly(tmp_path: Path, content: bytes) -> None:
    create(tmp_path, {"/": content, "/portal": content, "/portal/admin": None})
    assert (tmp_path / "C/inetpub/wwwroot/web.config").read_bytes() == content
    assert (tmp_path / "C/inetpub/portal/web.config").read_bytes() == content


def test_a_plain_application_is_one_of_a_current_framework(tmp_path: Path) -> None:
    create(tmp_path, {"/portal": None})
    content = (tmp_path / "C/inetpub/portal/web.config").read_bytes()
    assert b'targetFramework="4.8"' in content
    assert content.count(b"\n") == content.count(b"\r\n") > 0


@pytest.mark.parametrize("path", ["", "portal", "/portal/", "//", "/a//b", "/a\\b", "/a:b", "/a*", '/a"b'])
def test_what_is_no_application_path_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(KeydeployError, match="application path"):
        create(tmp_path / "web1", {path: None})
    assert not (tmp_path / "web1").exists()


@pytest.mark.parametrize("path", ["/..", "/a/..", "/.", "/../../etc"])
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(KeydeployError, match="application path"):
        create(tmp_path / "web1", {path: None})


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(KeydeployError, match="not empty"):
        create(tmp_path, {"/portal": None})
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "web1"
    file.write_text("precious")
    with pytest.raises(KeydeployError, match="not empty"):
        create(file, {})
    assert file.read_text() == "precious"


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    (tmp_path / "web1").mkdir()
    create(tmp_path / "web1", {})
    assert (tmp_path / "web1/C").is_dir()


def test_it_has_pools_and_a_binding_without_a_certificate(tmp_path: Path) -> None:
    node = laid_out(tmp_path, {"/portal": None})
    pools = done(node, ListAppPools())["app_pools"]
    assert [(pool["name"], pool["state"]) for pool in pools] == [("DefaultAppPool", "started"), ("Portal", "started")]
    assert pools[0]["settings"] == {"load_user_profile": True, "set_profile_environment": False}
    (binding,) = done(node, ListBindings())["bindings"]
    assert (binding["site"], binding["port"], binding["certificate"]) == ("Default Web Site", 443, None)


def test_it_has_a_machine_of_its_own(tmp_path: Path) -> None:
    key = "HKLM\\SOFTWARE\\Microsoft\\Cryptography"
    nodes = [laid_out(tmp_path / name, {}) for name in ("web1", "web2")]
    first, second = (done(node, ReadRegistry(64, key, "MachineGuid"))["value"]["data"] for node in nodes)
    assert first != second
    assert len(first) == 36
