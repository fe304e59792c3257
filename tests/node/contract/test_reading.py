"""Reading: the clock, files, and files that other files name."""

import base64
from datetime import datetime

import pytest

from keydeploy.node.contract import Location, Pointer, ReadFile, ReadSystem, Step
from tests.node.contract.asking import WEB_CONFIG, ask, done, refusal, seen, tag_of
from tests.node.contract.under_test import NodeUnderTest

APPLICATION_HOST = "%windir%\\System32\\inetsrv\\config\\applicationHost.config"
IIS_FOLDER = "C:\\Windows\\System32\\inetsrv\\config"
SITES = b"""\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <system.applicationHost>
    <sites>
      <site name="Other"><application path="/portal">
        <virtualDirectory path="/" physicalPath="D:\\wrong" />
      </application></site>
      <site name="Default Web Site">
        <application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\wwwroot" /></application>
        <application path="/Portal">
          <virtualDirectory path="/files" physicalPath="D:\\wrong" />
          <virtualDirectory path="/" physicalPath="%SYSTEMDRIVE%\\inetpub\\portal" />
        </application>
        <application path="/relative"><virtualDirectory path="/" physicalPath="apps\\relative" /></application>
        <application path="/share"><virtualDirectory path="/" physicalPath="\\\\server\\share\\portal" /></application>
        <application path="/slashes"><virtualDirectory path="/" physicalPath="//server/share/portal" /></application>
        <application path="/nowhere"><virtualDirectory path="/" /></application>
      </site>
    </sites>
  </system.applicationHost>
</configuration>
"""


def application(path: str, site: str = "Default Web Site") -> Pointer:
    walk = (Step("site", "name", site), Step("application", "path", path), Step("virtualDirectory", "path", "/"))
    return Pointer(file=APPLICATION_HOST, walk=walk, attribute="physicalPath", append="web.config")


def moved(file: Location) -> Pointer:
    return Pointer(file=file, walk=(Step("machineKey"),), attribute="configSource")


def missing(path: str | None) -> dict[str, object]:
    return {"path": path, "content": None, "tag": None, "sddl": None, "attributes": []}


@pytest.fixture
def iis(node: NodeUnderTest) -> NodeUnderTest:
    node.write(f"{IIS_FOLDER}\\applicationHost.config", SITES)
    node.write(WEB_CONFIG, b"<configuration/>")
    return node


def test_the_system_tells_its_own_time(node: NodeUnderTest) -> None:
    before = node.clock()
    clock = datetime.fromisoformat(done(node, ReadSystem())["clock"])
    assert clock.utcoffset() is not None
    assert before - 1e-5 <= clock.timestamp() <= node.clock() + 1e-5


def test_the_system_tells_what_it_is(node: NodeUnderTest) -> None:
    system = done(node, ReadSystem())
    assert system["os"]
    assert system["machine"]


@pytest.mark.parametrize("content", [b"", b"<a/>", b"\xef\xbb\xbf<a/>\r\n", bytes(range(256)), b"x" * 100_000])
def test_a_file_is_answered_byte_by_byte_with_its_tag(node: NodeUnderTest, content: bytes) -> None:
    node.write("C:\\data\\some file", content)
    answer = seen(node, "C:\\data\\some file")
    assert base64.b64decode(answer["content"], validate=True) == content
    assert answer["tag"] == tag_of(content)


@pytest.mark.parametrize("path", ["C:\\missing", "C:\\missing\\web.config", "Q:\\web.config", "C:\\Windows"])
def test_a_missing_file_is_an_answer_and_a_folder_is_no_file(node: NodeUnderTest, path: str) -> None:
    assert seen(node, path) == missing(path)


def test_a_path_below_a_file_is_missing(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"")
    assert seen(node, f"{WEB_CONFIG}\\web.config")["content"] is None


@pytest.mark.parametrize(
    "path",
    [
        "%windir%\\a\\B.txt",
        "%WinDir%\\A\\b.txt",
        "%SystemRoot%\\a\\b.txt",
        "C:/Windows/a/b.txt",
        "c:\\windows\\\\A\\b.TXT",
    ],
)
def test_paths_are_found_as_windows_finds_them(node: NodeUnderTest, path: str) -> None:
    node.write("C:\\Windows\\a\\b.txt", b"here")
    assert seen(node, path)["tag"] == tag_of(b"here")


def test_a_path_is_answered_with_its_variables_replaced(node: NodeUnderTest) -> None:
    assert str(seen(node, "%SystemDrive%\\x")["path"]).upper() == "C:\\X"


@pytest.mark.parametrize("path", ["", "web.config", "\\web.config", "%unknown%\\web.config", "C:web.config"])
def test_a_path_that_is_not_full_is_refused(node: NodeUnderTest, path: str) -> None:
    assert refusal(node, ReadFile(path)) == "path"


@pytest.mark.parametrize("path", ["\\\\server\\share\\web.config", "//server/share/web.config"])
def test_a_share_is_not_looked_at(node: NodeUnderTest, path: str) -> None:
    assert seen(node, path) == missing(path)


def test_a_failed_reading_does_not_stop_the_others(node: NodeUnderTest) -> None:
    results = ask(node, ReadFile("web.config"), ReadSystem())
    assert ["error" in result for result in results] == [True, False]


@pytest.mark.parametrize(
    ("site", "path"),
    [("Default Web Site", "/Portal"), ("DEFAULT WEB SITE", "/portal"), ("default web site", "/PORTAL")],
)
def test_an_application_is_found_whatever_the_case_of_its_name(iis: NodeUnderTest, site: str, path: str) -> None:
    answer = done(iis, ReadFile(application(path, site)))
    assert (answer["path"].lower(), answer["content"] is None) == (WEB_CONFIG.lower(), False)


def test_a_pointer_follows_variables_and_relative_paths(iis: NodeUnderTest) -> None:
    assert done(iis, ReadFile(application("/")))["path"].upper() == "C:\\INETPUB\\WWWROOT\\WEB.CONFIG"
    relative = done(iis, ReadFile(application("/relative")))["path"]
    assert relative.lower() == f"{IIS_FOLDER}\\apps\\relative\\web.config".lower()


def test_a_pointer_to_a_share_answers_the_path_alone(iis: NodeUnderTest) -> None:
    for path, start in (("/share", "\\\\server\\share\\portal"), ("/slashes", "//server/share/portal")):
        answer = done(iis, ReadFile(application(path)))
        assert (answer["path"], answer["content"]) == (f"{start}\\web.config", None)


@pytest.mark.parametrize(
    "target", [application("/missing"), application("/Portal", "missing"), application("/nowhere")]
)
def test_a_pointer_that_leads_nowhere_answers_no_path(iis: NodeUnderTest, target: Pointer) -> None:
    assert done(iis, ReadFile(target)) == missing(None)
    assert done(iis, ReadFile(moved(target)))["path"] is None


def test_a_pointer_through_a_missing_file_answers_no_path(node: NodeUnderTest) -> None:
    assert done(node, ReadFile(application("/portal")))["path"] is None


@pytest.mark.parametrize(
    "damaged",
    [b"", b"<site", b"no xml", SITES[:200], b'<?xml version="1.0" encoding="x-unknown"?><a/>', b"\xff\xfe<\0a\0"],
)
def test_a_pointer_through_a_damaged_file_answers_no_path(node: NodeUnderTest, damaged: bytes) -> None:
    node.write(f"{IIS_FOLDER}\\applicationHost.config", damaged)
    assert done(node, ReadFile(application("/portal")))["path"] is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_a_pointer_reads_the_encodings_of_configuration_files(node: NodeUnderTest, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a><site name="Größe" physicalPath="C:\\Größe"/></a>'
    node.write("C:\\sites", text.encode(encoding))
    pointer = Pointer(file="C:\\sites", walk=(Step("site", "name", "GRÖßE"),), attribute="physicalPath")
    assert done(node, ReadFile(pointer))["path"] == "C:\\Größe"


def test_a_pointer_reaches_a_file_that_a_found_file_names(iis: NodeUnderTest) -> None:
    iis.write(
        WEB_CONFIG,
        b'<configuration><system.web><machineKey configSource="keys\\mk.config"/></system.web></configuration>',
    )
    iis.write("C:\\inetpub\\portal\\keys\\mk.config", b"<machineKey/>")
    answer = done(iis, ReadFile(moved(application("/portal"))))
    assert answer["path"].lower() == "c:\\inetpub\\portal\\keys\\mk.config"
    assert answer["tag"] == tag_of(b"<machineKey/>")


def test_a_pointer_to_a_missing_file_answers_where_it_would_be(iis: NodeUnderTest) -> None:
    iis.write(WEB_CONFIG, b'<machineKey configSource="mk.config"/>')
    answer = done(iis, ReadFile(moved(WEB_CONFIG)))
    assert (answer["path"], answer["content"]) == ("C:\\inetpub\\portal\\mk.config", None)


def test_a_namespace_does_not_hide_an_element(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b'<configuration xmlns="urn:x"><machineKey configSource="mk.config"/></configuration>')
    assert done(node, ReadFile(moved(WEB_CONFIG)))["path"] == "C:\\inetpub\\portal\\mk.config"


def test_reading_leaves_the_node_as_it_is(iis: NodeUnderTest) -> None:
    before = iis.tree()
    for at in (application("/portal"), application("/"), moved(WEB_CONFIG), "C:\\missing"):
        done(iis, ReadFile(at))
    assert iis.tree() == before
