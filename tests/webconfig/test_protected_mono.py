"""What is encrypted here is read by Mono's configuration system, and what Mono encrypted is read here."""

from pathlib import Path

import pytest

from keydeploy.webconfig.document import parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.protected import Algorithms
from keydeploy.webconfig.providers import add_provider
from keydeploy.webconfig.sections import PROVIDER, own_section
from tests.webconfig.editing import DECRYPTION_KEY, VALIDATION_KEY, applied
from tests.webconfig.mono import Mono
from tests.webconfig.protecting import ALGORITHMS, document_of, encrypted, in_clear, key

SECTIONS = ("connectionStrings", "appSettings", "system.web/machineKey")
CONFIGURATION = f"""<?xml version="1.0" encoding="{{}}"?>
<configuration>
  <connectionStrings>
    <add name="db" connectionString="Server=db;Password=hünter2 &lt;&amp;&quot;" />
  </connectionStrings>
  <appSettings>
    <!-- of the mailer -->
    <add key="token" value="Größe" />
  </appSettings>
  <system.web>
    <machineKey validationKey="{VALIDATION_KEY}"
      decryptionKey="{DECRYPTION_KEY}" />
  </system.web>
</configuration>
"""
MEANING = {
    "connectionStrings db": 'Server=db;Password=hünter2 <&"',
    "appSettings token": "Größe",
    "system.web/machineKey validationKey": VALIDATION_KEY,
    "system.web/machineKey decryptionKey": DECRYPTION_KEY,
}


@pytest.fixture(scope="module")
def mono(mono_runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Mono:
    assert mono_runtime is None
    mono = Mono(tmp_path_factory.mktemp("mono"))
    mono.import_key("Portal", key("declared"))
    return mono


def protect(data: bytes, algorithms: Algorithms) -> bytes:
    editor = Editor(parse(data))
    add_provider(editor, "Own", "Portal", version="v4.0", key_wrap=algorithms.key_wrap)
    for name in SECTIONS:
        element = own_section(editor.document, name)
        assert element is not None
        text = editor.document.outer(element).reveal().decode()
        editor.fill(element, encrypted(text, algorithms=algorithms, section=name))
        for attribute in element.attributes:
            editor.remove_attribute(element, attribute.name)
        editor.set_attribute(element, PROVIDER, "Own")
    return applied(editor, data)


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_mono_reads_sections_that_are_encrypted_here(mono: Mono, algorithms: Algorithms) -> None:
    data = protect(CONFIGURATION.format("utf-8").encode(), algorithms)
    assert VALIDATION_KEY.encode() not in data
    assert MEANING.items() <= mono.read(data).items()


@pytest.mark.parametrize(("declared", "codec"), [("utf-16", "utf-16"), ("Windows-1252", "cp1252")])
def test_mono_reads_them_in_a_file_of_another_encoding(mono: Mono, declared: str, codec: str) -> None:
    data = protect(CONFIGURATION.format(declared).encode(codec), Algorithms())
    assert MEANING.items() <= mono.read(data, codec.replace("utf-16", "utf-16-le")).items()


def test_mono_reads_a_file_on_one_line(mono: Mono) -> None:
    data = protect(" ".join(CONFIGURATION.format("utf-8").split()).encode(), Algorithms())
    assert MEANING.items() <= mono.read(data).items()


def test_mono_does_not_read_them_with_another_key(mono: Mono, tmp_path: Path) -> None:
    other = Mono(tmp_path)
    other.import_key("Portal", key("another"))
    data = protect(CONFIGURATION.format("utf-8").encode(), Algorithms())
    assert MEANING.items() <= mono.read(data).items()
    with pytest.raises(AssertionError, match="CryptographicException"):
        other.read(data)


TEXT = '<connectionStrings>\n  <add name="db" connectionString="Password=hünter2" />\n</connectionStrings>'


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_what_dotnets_xml_encryption_wrote_is_read_here(mono: Mono, algorithms: Algorithms) -> None:
    content = mono.encrypt("Portal", algorithms.cipher, algorithms.key_wrap, TEXT)
    assert in_clear(document_of(content)) == TEXT
    assert in_clear(document_of(content), by="another") is None


def test_what_monos_provider_wrote_is_read_here(mono: Mono) -> None:
    content = mono.encrypt_by_provider("Portal", TEXT)
    assert "rsa-1_5" in content
    assert "".join((in_clear(document_of(content)) or "").split()) == "".join(TEXT.split())
