"""What holds for every rule and any file: nothing secret is told, and nothing makes lint fall over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keydeploy.errors import DocumentError
from keydeploy.lint import farm
from keydeploy.lint.files import look
from keydeploy.lint.folders import assemble, is_configuration
from keydeploy.lint.model import Finding, Node
from keydeploy.lint.rules import RULES, check, check_content, key_in_inventory, private_key_file, suppressions
from keydeploy.lint.sight import shown
from keydeploy.lint.variables import in_yaml
from keydeploy.webconfig.document import Document, parse
from tests.lint.disclosing import listing
from tests.lint.keys import VALIDATION_KEY, digits, filled_in
from tests.lint.test_cases import CASES, NAMES, expected

FILES = sorted(CASES.rglob("*.config"))
MARKED = (
    digits("marked", 64),
    digits("marked thumbprint", 40).lower(),
    "bWFya2VkU2VjcmV0WHl6UXdlcnR5TWFya2Vk+/==",
    "Xk3-Marked-Pa55word",
    "Server=db1;Password=Xk3-Marked-Pa55word",
    f"{digits('marked', 64)},IsolateApps",
)
PIECES = tuple(text.lower() for text in (*MARKED[:3], "Xk3-Marked", digits("marked", 64)))
NODES = (None, Node(name="web1", load_user_profile=False, readable_containers=(), thumbprints=frozenset()))


def findings(document: Document, node: Node | None = None, *, on_farm: bool = True) -> Iterator[Finding]:
    if is_configuration(document):
        for placed in assemble({"web.config": document}, on_farm=on_farm, node=node):
            yield from check(placed.application, listing(VALIDATION_KEY))
            yield from check_content(placed.application, listing(VALIDATION_KEY))


def planted(text: str, secret: str) -> Iterator[Document]:
    """Yield the document with *secret* in the place of each value of an attribute, one at a time."""
    document = parse(text.encode())
    for element in document.root.walk():
        for attribute in element.attributes:
            content = text[: attribute.value_start] + secret + text[attribute.value_end :]
            yield parse(content.encode())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("secret", MARKED, ids=range(len(MARKED)))
def test_whatever_stands_in_an_attribute_no_finding_tells_it(file: Path, secret: str) -> None:
    for document in planted(filled_in(file.read_text("utf-8")), secret):
        for node in NODES:
            told = repr([*findings(document, node)]).lower()
            assert not [piece for piece in PIECES if piece in told]


@pytest.mark.parametrize("secret", MARKED, ids=range(len(MARKED)))
def test_whatever_stands_in_an_inventory_no_finding_tells_it(secret: str) -> None:
    for name in ("password", "validation_key", secret):
        text = f"keydeploy:\n  ? '{secret}'\n  : {{'{name}': '{secret}', password: '{secret}', {name}_password: x}}\n"
        told = repr([*key_in_inventory.check("inventory.yml", in_yaml(text), is_inventory=True)]).lower()
        assert "password" in told
        assert not [piece for piece in PIECES if piece in told.replace("marked-pa55word_password", "")]


def test_every_rule_about_files_strikes_in_a_case() -> None:
    struck = {found.split()[1].rstrip(":") for name in NAMES for found in expected(name)["findings"]}
    elsewhere = {key_in_inventory.RULE, private_key_file.RULE, *suppressions.RULES, *farm.RULES}
    missing = {rule.id for rule in RULES if rule not in elsewhere} - struck
    assert missing == {"disclosed-key"}  # It needs a list; see test_files.


def test_half_of_the_cases_are_about_what_must_not_strike() -> None:
    assert len([name for name in NAMES if not expected(name)["findings"]]) >= 20


def test_names_of_settings_are_shown_and_keys_are_not() -> None:
    for name in ("DefaultConnection", "aspnet:UseLegacyEncryption", "Search.ApiKey", "Portal2", "smtp password"):
        assert shown(name) == name
    for secret in (*MARKED[:3], "A1B2C3D4E5F6", "hXkQpLmZwRtYbNcV", "a" * 21, "", None, "x" * 61, "p€ss"):
        assert shown(secret) is None


def test_findings_do_not_depend_on_the_order_in_which_files_are_named(tmp_path: Path) -> None:
    for index, file in enumerate(FILES):
        (tmp_path / f"{index}.config").write_text(filled_in(file.read_text("utf-8")), "utf-8")
    paths = sorted(tmp_path.iterdir())
    assert look(paths, None).findings == look([*reversed(paths)], None).findings == look([tmp_path], None).findings


def test_lint_changes_nothing(tmp_path: Path) -> None:
    for index, file in enumerate(FILES):
        (tmp_path / f"{index}.config").write_text(filled_in(file.read_text("utf-8")), "utf-8")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    look([tmp_path], None)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


NAMES_OF_FILES = st.sampled_from(
    ["web.config", "a.config", "x.yml", "group_vars/all", "a.json", "a.pem", "a.pfx", "a.xml"]
)
TEXTS = st.text(st.sampled_from("<>/=\"' \n\tax:{}[]#&;!-|$0F\ufeff\u200e"), max_size=80)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"<configuration>",
            b"</configuration>",
            b"<system.web>",
            b"</system.web>",
            b"<machineKey ",
            b"/>",
            b'validationKey="AutoGenerate"',
            b' configSource="a.config"',
            b"<location path='x'>",
            b"</location>",
            b"<!-- keydeploy: ignore",
            b" mixed-keys: x",
            b"-->",
            b"validation_key: ",
            b"!vault",
            b"&a [*a]",
            b"? {a: b}\n: ",
            b"-----BEGIN PRIVATE KEY-----",
            b"-----END PRIVATE KEY-----",
            b"<RSAKeyValue><D>",
            b"\xff\xfe",
            b"0\x82\x00\x09\x02\x01\x03",
            b"AAAA",
            b"\n",
            b"\x00",
        ]
    ),
    max_size=12,
).map(b"".join)


@settings(
    derandomize=True, deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES_OF_FILES, content=st.one_of(st.binary(max_size=200), TEXTS.map(str.encode), FRAGMENTS))
def test_no_bytes_raise_anything(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"validation_key: x\n" + content if name.startswith(("x", "group")) else content)
    linted = look([file], listing(VALIDATION_KEY))
    assert set(linted.unread) <= {file.as_posix()}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.data())
def test_any_values_in_any_shape_raise_nothing(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    text = filled_in(file.read_text("utf-8"))
    values = st.one_of(TEXTS, st.sampled_from(["", ",", ",IsolateApps", "AutoGenerate,x", "0", "00" * 300, "ä", "{{"]))

    def other(match: re.Match[str]) -> str:
        value = data.draw(values).translate({ord(each): "" for each in '<&"'})
        return f'="{value}"' if data.draw(st.booleans()) else match[0]

    try:
        document = parse(re.sub(r'="[^"<]*"', other, text).encode())
    except DocumentError:
        return
    for node in NODES:
        assert all(finding.line for finding in findings(document, node))
