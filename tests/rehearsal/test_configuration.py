"""Configuration files in the likeness of others: the form stays, and nothing else but what planning reads."""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from keydeploy.keys.rsa_key import RsaKey, generate, to_pem
from keydeploy.rehearsal.allowed import Allowed
from keydeploy.rehearsal.configuration import Likeness, imitate
from keydeploy.rehearsal.sections import Sections
from keydeploy.spec import Declaration, load
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.protected import Algorithms, decrypt, protected
from keydeploy.webconfig.sections import own_section
from tests.observation.farm import DECRYPTION_KEY, PASSWORD, VALIDATION_KEY
from tests.rehearsal.copying import MADE
from tests.webconfig.documents import STYLES, Style, Tree, configurations, written
from tests.webconfig.protecting import ALGORITHMS, encrypted, key, section

WITHOUT_KEYS = Likeness(made=MADE, allowed=Allowed(), seal=lambda *_: None)
TYPE = "Contoso.Web.Section, Contoso.Web, Version=1.0.0.0, Culture=neutral, PublicKeyToken=0123456789abcdef"

law = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@cache
def stand_in(_fingerprint: str) -> RsaKey:
    return generate()


def sections() -> Sections:
    """Answer the keys of a spec with the container `Portal`, and stand-ins of them."""
    containers = {"Portal": {name: to_pem(key(which)).reveal().decode() for name, which in KEYS.items()}}
    spec = load(Declaration(host="web1", value={"key_containers": containers}))
    return Sections(spec, MADE, Allowed(), lambda each: stand_in(each.fingerprint))


KEYS = {"private_key": "declared", "previous_key": "before"}


def likeness_of(text: str, likeness: Likeness = WITHOUT_KEYS) -> str:
    """Answer the text of the file in the likeness of the file *text*."""
    return imitate(parse(text.encode()), likeness).decode()


def form(element: Element) -> Any:
    """Answer the names of *element* and of all below it, and where they stand."""
    names = [(attribute.name, attribute.start, attribute.end) for attribute in element.attributes]
    return element.name, element.start, element.end, names, [form(child) for child in element.children]


def values(document: Document) -> Iterator[str]:
    """Yield all that *document* says beside names, as it is written."""
    for element in document.root.walk():
        yield from (document.text[each.value_start : each.value_end] for each in element.attributes)
        if not element.children:
            yield document.text[element.content_start : element.content_end]


@law
@given(configurations(), STYLES)
def test_a_file_keeps_its_form_to_the_character_and_is_another_file(tree: Tree, style: Style) -> None:
    original = parse(written(tree, style))
    content = imitate(original, WITHOUT_KEYS)
    copy = parse(content)

    assert form(copy.root) == form(original.root)
    assert (copy.encoding, copy.mark, len(copy.text)) == (original.encoding, original.mark, len(original.text))
    assert re.sub(r"\S", "x", copy.text) == re.sub(r"\S", "x", original.text)
    assert VALIDATION_KEY not in copy.text
    assert "comment" not in copy.text
    assert imitate(original, WITHOUT_KEYS) == content


@law
@given(configurations(), STYLES)
def test_no_value_stays_but_those_that_planning_reads(tree: Tree, style: Style) -> None:
    original = parse(written(tree, style))
    copy = parse(imitate(original, WITHOUT_KEYS))
    known = {"SHA1", "HMACSHA256", "AES", "Auto", "MD5", "Framework45", "Framework20SP1", "sub"}
    known |= {"AutoGenerate", "AutoGenerate,IsolateApps"}

    same = [unescape(one).strip() for one, other in zip(values(original), values(copy), strict=True) if one == other]
    assert {each for each in same if re.search(r"\w", each.removeprefix("<![CDATA["))} <= known


@pytest.mark.parametrize(
    "kept",
    [
        f'<configSections><section name="custom" type="{TYPE}" /></configSections>',
        '<location path="Default Web Site/portal" allowOverride="false"><system.web /></location>',
        '<system.web><httpRuntime targetFramework="4.7.2" /></system.web>',
        '<system.web><machineKey validation="SHA1" validationKey="AutoGenerate,IsolateApps" /></system.web>',
        '<connectionStrings configSource="secrets\\connections.config" />',
        '<system.identityModel><identityConfiguration name="x" /></system.identityModel>',
        '<a xmlns:b="urn:b"><b:c /></a>',
        '<sites><site name="S"><application path="/p" applicationPool="P" /></site></sites>',
        '<application><virtualDirectory path="/" physicalPath="D:\\p" /></application>',
    ],
)
def test_what_planning_reads_stays(kept: str) -> None:
    text = f"<configuration>{kept}</configuration>"

    assert likeness_of(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        f'<add key="a" value="{PASSWORD}" />',
        f"<add key='a' value='{PASSWORD}' />",
        f"<a>{PASSWORD}</a>",
        f"<a><![CDATA[{PASSWORD}]]></a>",
        f"<!-- {PASSWORD} -->",
        f"<?tool {PASSWORD}?>",
        f'<a b="{"".join(f"&#{ord(each)};" for each in PASSWORD)}" />',
        f'<a b="{"".join(f"&#x{ord(each):x};" for each in PASSWORD)}" />',
        f'<a b="&lt;&gt;&amp;&quot;&apos;{PASSWORD}&#65;&#x41;&#0000065;" />',
        f'<system.web><machineKey validation="{PASSWORD}" applicationName="{PASSWORD}" /></system.web>',
        f'<system.web><machineKey validationKey="AutoGenerate{PASSWORD}" /></system.web>',
        f'<system.web><httpRuntime targetFramework="4.8{PASSWORD}" /></system.web>',
        f'<system.web><processModel userName="{PASSWORD}" password="{PASSWORD}" /></system.web>',
        f'<location allowOverride="{PASSWORD}" />',
        f'<configSections><section name="a" type="{PASSWORD}{{}}" /></configSections>',
        f'<membership><providers><add name="a" type="{PASSWORD}" /></providers></membership>',
    ],
)
def test_a_secret_goes_wherever_it_stands(secret: str) -> None:
    made = likeness_of(f"<configuration>{secret}</configuration>")

    assert len(made) == len(f"<configuration>{secret}</configuration>")
    assert PASSWORD not in made
    for written_as in ("&#{};", "&#x{:x};"):
        assert "".join(written_as.format(ord(each)) for each in PASSWORD) not in made


def test_equal_values_stay_equal_however_they_are_written() -> None:
    references = "".join(f"&#{ord(each)};" for each in "Password")
    made = parse(likeness_of(f'<a b="Password" c="{references}"><d>Password</d></a>').encode())
    element = made.root

    assert element.get("b") == element.get("c") == made.text[element.children[0].content_start :][:8] != "Password"


def test_a_data_protector_stays_where_the_spec_declares_it() -> None:
    likeness = Likeness(made=MADE, allowed=Allowed(protectors=("Contoso.Protector",)), seal=lambda *_: None)
    made = likeness_of('<machineKey dataProtectorType="Contoso.Protector" applicationName="Portal" />', likeness)

    assert 'dataProtectorType="Contoso.Protector"' in made
    assert "Portal" not in made


@pytest.mark.parametrize("name", KEYS.values())
@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_a_section_that_a_declared_key_opens_says_in_stand_ins_what_it_said(name: str, algorithms: Algorithms) -> None:
    text = f'<connectionStrings><add name="db" connectionString="Server=db;Password={PASSWORD}" /></connectionStrings>'
    content = encrypted(text, name, algorithms).text
    made = parse(likeness_of(f"<configuration>{section(content)}</configuration>", sections().likeness).encode())

    element = own_section(made, "connectionStrings")
    assert element is not None
    how = protected(made, element)
    assert how is not None
    assert (how.algorithms, how.provider) == (algorithms, "Portal")
    assert decrypt(how, key(name)) is None
    said = decrypt(how, stand_in(key(name).fingerprint))
    assert said is not None
    assert said.reveal().decode() == likeness_of(text)


def test_an_encrypted_machine_key_has_the_stand_ins_of_its_keys() -> None:
    text = f'<machineKey validationKey="{VALIDATION_KEY.lower()}" decryptionKey="{DECRYPTION_KEY}" validation="SHA1" />'
    content = section(encrypted(text, section="system.web/machineKey").text, name="machineKey")
    whole = f"<configuration><system.web>{content}</system.web></configuration>"
    made = parse(likeness_of(whole, sections().likeness).encode())

    element = own_section(made, "system.web/machineKey")
    assert element is not None
    how = protected(made, element)
    assert how is not None
    said = decrypt(how, stand_in(key("declared").fingerprint))
    assert said is not None
    assert said.reveal().decode() == (
        f'<machineKey validationKey="{MADE.hexadecimal(VALIDATION_KEY.lower())}"'
        f' decryptionKey="{MADE.hexadecimal(DECRYPTION_KEY)}" validation="SHA1" />'
    )


def test_a_section_that_no_declared_key_opens_becomes_another_one_that_none_opens() -> None:
    text = f"<configuration>\n{section(encrypted('<connectionStrings />', 'unknown').text)}\n</configuration>"
    made = likeness_of(text, sections().likeness)

    originals = re.findall("<CipherValue>(.*)</CipherValue>", text)
    stand_ins = re.findall("<CipherValue>(.*)</CipherValue>", made)
    assert [len(each) for each in stand_ins] == [len(each) for each in originals]
    assert not {*originals} & {*stand_ins}
    assert re.sub(">[^<]*</CipherValue", ">…</CipherValue", made) == re.sub(
        ">[^<]*</CipherValue", ">…</CipherValue", text
    )
    document = parse(made.encode())
    element = own_section(document, "connectionStrings")
    assert element is not None
    how = protected(document, element)
    assert how is not None
    assert decrypt(how, key("unknown")) is None


def test_what_dpapi_has_encrypted_keeps_its_form() -> None:
    dpapi = "<EncryptedData><CipherData><CipherValue>QUFB\r\n QUFB</CipherValue></CipherData></EncryptedData>"
    text = (
        f'<configuration><appSettings configProtectionProvider="DataProtection">{dpapi}</appSettings></configuration>'
    )
    made = likeness_of(text, sections().likeness)

    assert len(made) == len(text)
    assert "QUFB" not in made
    assert 'configProtectionProvider="DataProtection"' in made
