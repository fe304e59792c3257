"""What the files of an application say is seen where it stands: above, below, moved elsewhere or encrypted."""

from keydeploy.errors import DocumentError
from keydeploy.lint.machine_keys import SECTION, views
from keydeploy.lint.model import Application, ConfigFile
from keydeploy.lint.rules import check
from keydeploy.lint.sight import every, parts, written
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.effective import Level, Opener
from tests.lint.keys import DECRYPTION_KEY, VALIDATION_KEY

ENCRYPTED = (
    '<configuration>\n<system.web>\n  <machineKey configProtectionProvider="Rsa"><EncryptedData'
    ' xmlns="http://www.w3.org/2001/04/xmlenc#" /></machineKey>\n</system.web>\n</configuration>'
)
WEAK = f'<machineKey validation="MD5" validationKey="{VALIDATION_KEY}" decryptionKey="{DECRYPTION_KEY}" />'


def file(text: str, path: str = "web.config", location: str = "", external: str | None = None) -> ConfigFile:
    level = Level(
        name=path,
        document=parse(text.encode()),
        location=location,
        external=parse(external.encode()) if external else None,
    )
    return ConfigFile(path=path, level=level)


def with_key(key: str) -> str:
    return f"<configuration><system.web>{key}</system.web></configuration>"


def application(*files: ConfigFile, opener: Opener | None = None) -> Application:
    return Application(name="portal", files=files, opener=opener)


def opened(_document: Document, _element: Element) -> Document:
    return parse(WEAK.encode())


def closed(_document: Document, _element: Element) -> Document:
    raise DocumentError("no key")


def test_what_an_encrypted_section_holds_is_judged_where_the_section_stands() -> None:
    found = [*check(application(file(ENCRYPTED), opener=opened), None)]
    assert [(each.rule.id, each.line, each.column) for each in found] == [("weak-algorithm", 3, 3)]


def test_of_an_encrypted_section_that_stays_closed_nothing_is_said() -> None:
    assert not [*check(application(file(ENCRYPTED)), None)]
    assert not [*check(application(file(ENCRYPTED), opener=closed), None)]


def test_an_encrypted_section_may_set_what_is_not_known() -> None:
    above = file(with_key(WEAK), "root.config", "portal")
    [view] = views(application(above, file(ENCRYPTED)))
    assert view.value("validation") is None
    assert view.part("validation") is None
    assert not view.is_readable


def test_what_the_own_file_sets_counts_before_what_is_above() -> None:
    above = file(with_key(WEAK), "root.config", "portal")
    own = file(with_key('<machineKey validation="HMACSHA256" />'))
    [view] = views(application(above, own))
    assert view.value("validation") == "HMACSHA256"
    assert view.value("validationKey") == VALIDATION_KEY
    assert [part.path for part in view.parts] == ["root.config", "web.config"]


def test_what_a_file_above_says_for_another_application_is_not_seen() -> None:
    text = f'<configuration><location path="other"><system.web>{WEAK}</system.web></location></configuration>'
    assert not parts(application(file(text, "root.config", "portal"), file(with_key(""))), SECTION)
    assert len(parts(application(file(text, "root.config", "other"), file(with_key(""))), SECTION)) == 1


def test_the_path_of_a_moved_section_is_made_as_the_node_writes_paths() -> None:
    text = with_key('<machineKey configSource="Config\\keys.config" />')
    [part] = written(application(file(text, "C:\\inetpub\\portal\\web.config", external=WEAK)), SECTION)
    assert part.path == "C:\\inetpub\\portal\\Config\\keys.config"
    assert part.get("validation") == "MD5"


def test_a_moved_section_that_was_not_read_is_not_known() -> None:
    [part] = written(application(file(with_key('<machineKey configSource="keys.config" />'))), SECTION)
    assert part.element is None
    assert part.path == "web.config"


def test_what_a_file_above_holds_is_found_without_the_application() -> None:
    above = file(with_key(WEAK), "root.config", "portal")
    found = [*check(application(above, file(with_key("<pages />"))), None)]
    assert {(each.file, each.application) for each in found} == {("root.config", None)}


def test_every_element_is_seen_in_the_order_of_the_file_without_its_namespace() -> None:
    text = '<configuration><a xmlns="secret"><b /></a><location path="x"><c /></location><d /></configuration>'
    assert [part.section for part in every(application(file(text)))] == ["a", "a/b", "c", "d"]


def test_what_is_deeper_than_any_section_is_left_out() -> None:
    depth = 1000
    text = f"<configuration>{'<a>' * depth}{'</a>' * depth}</configuration>"
    assert 30 < len([*every(application(file(text)))]) < 100
