"""Provider entries: which one leads to a container, and where a new one stands."""

import pytest

from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import parse
from keydeploy.webconfig.providers import Providers, add_provider
from tests.webconfig.editing import editor_of, result

TYPE = (
    "System.Configuration.RsaProtectedConfigurationProvider, System.Configuration, Version=4.0.0.0,"
    " Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"
)
STOCK = (
    '<add name="RsaProtectedConfigurationProvider" type="System.Configuration.RsaProtectedConfigurationProvider,'
    'System.Configuration, Version=2.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"'
    ' keyContainerName="NetFrameworkConfigurationKey" cspProviderName="" useMachineContainer="true" useOAEP="false"/>'
    '<add name="DataProtectionConfigurationProvider" type="System.Configuration.DpapiProtectedConfigurationProvider,'
    'System.Configuration, Version=2.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"'
    ' useMachineProtection="true"/>'
)


def of(*files: str) -> Providers:
    """Answer the providers of files that hold these entries, from the top."""
    section = "<configuration><configProtectedData><providers>{}</providers></configProtectedData></configuration>"
    return Providers([parse(section.format(entries).encode()) for entries in files])


def entry(name: str = "Portal", **attributes: str) -> str:
    given = {"type": TYPE, "keyContainerName": "Portal", **attributes}
    return f'<add name="{name}" {" ".join(f"{key}={chr(34)}{value}{chr(34)}" for key, value in given.items())}/>'


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"useMachineContainer": "true", "useOAEP": "false"},
        {"keyContainerName": "PORTAL"},
        {"type": "System.Configuration.RsaProtectedConfigurationProvider,system.configuration"},
        {"type": "System.Configuration.RsaProtectedConfigurationProvider"},
    ],
)
def test_an_entry_that_leads_to_the_container_does(attributes: dict[str, str]) -> None:
    providers = of(entry(**attributes))
    assert "portal" in providers
    assert providers.leads("PORTAL", "Portal")
    assert providers.leading("Portal") == "Portal"


@pytest.mark.parametrize(
    "attributes",
    [
        {"useMachineContainer": "false"},
        {"useMachineContainer": "True"},
        {"keyContainerName": "Another"},
        {"type": TYPE.replace("Rsa", "Dpapi")},
        {"type": "System.Configuration.RsaProtectedConfigurationProvider, Own"},
        {"type": ""},
    ],
)
def test_another_entry_does_not(attributes: dict[str, str]) -> None:
    providers = of(entry(**attributes))
    assert "Portal" in providers
    assert not providers.leads("Portal", "Portal")
    assert providers.leading("Portal") is None


def test_the_stock_entry_leads_to_the_container_of_net_itself() -> None:
    providers = of(STOCK)
    assert providers.leading("NetFrameworkConfigurationKey") == "RsaProtectedConfigurationProvider"
    assert providers.leads("RsaProtectedConfigurationProvider", "netframeworkconfigurationkey")
    assert not providers.leads("DataProtectionConfigurationProvider", "NetFrameworkConfigurationKey")


def test_without_a_name_an_entry_means_the_container_of_net_itself() -> None:
    assert of(f'<add name="x" type="{TYPE}"/>').leading("NetFrameworkConfigurationKey") == "x"


def test_entries_are_evaluated_from_the_top() -> None:
    assert of(entry("above"), entry("own")).leading("Portal") == "own"
    assert of(entry("above"), '<remove name="ABOVE"/>').leading("Portal") is None
    assert of(entry("above"), "<clear/>" + entry("own", keyContainerName="x")).leading("Portal") is None
    assert of(entry(keyContainerName="x"), '<remove name="Portal"/>' + entry()).leading("Portal") == "Portal"


def test_an_entry_that_is_said_again_is_no_harm_and_another_of_its_name_is_refused() -> None:
    assert of(entry(), entry()).leads("Portal", "Portal")
    with pytest.raises(DocumentError, match="a provider of this name is there already"):
        of(entry(), entry("PORTAL", useOAEP="false"))


def test_entries_in_another_file_are_refused() -> None:
    text = '<configuration>\n <configProtectedData configSource="x.config"/></configuration>'
    with pytest.raises(DocumentError, match=r"^2:2: configProtectedData stands in another file"):
        Providers([parse(text.encode())])


NEW = f'<add name="Own" type="{TYPE}" keyContainerName="Portal" useMachineContainer="true" useOAEP="true" />'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "<configuration>\n  <configSections />\n  <x />\n</configuration>",
            "<configuration>\n  <configSections />\n  <configProtectedData>\n    <providers>\n      NEW\n"
            "    </providers>\n  </configProtectedData>\n  <x />\n</configuration>",
            id="behind configSections",
        ),
        pytest.param(
            "<configuration>\n  <x />\n</configuration>",
            "<configuration>\n  <configProtectedData>\n    <providers>\n      NEW\n"
            "    </providers>\n  </configProtectedData>\n  <x />\n</configuration>",
            id="first",
        ),
        pytest.param(
            '<configuration>\n  <x />\n  <configProtectedData>\n    <providers>\n      <remove name="y" />\n'
            "    </providers>\n  </configProtectedData>\n</configuration>",
            '<configuration>\n  <x />\n  <configProtectedData>\n    <providers>\n      <remove name="y" />\n      NEW\n'
            "    </providers>\n  </configProtectedData>\n</configuration>",
            id="behind other entries",
        ),
    ],
)
def test_a_new_entry_has_its_place(before: str, after: str) -> None:
    editor = editor_of(before)
    add_provider(editor, "Own", "Portal", version="v4.0", key_wrap="oaep")
    assert result(editor) == after.replace("NEW", NEW)
    assert Providers([parse(result(editor).encode())]).leading("Portal") == "Own"


def test_a_new_entry_is_of_the_runtime_and_of_the_key_wrap() -> None:
    editor = editor_of("<configuration/>")
    add_provider(editor, "<&>", "Portal", version="v2.0", key_wrap="rsa1_5")
    text = result(editor)
    assert 'name="&lt;&amp;&gt;"' in text
    assert "Version=2.0.0.0" in text
    assert 'useOAEP="false"' in text
