"""The provider entries through which .NET decrypts sections: `<configProtectedData>` of a file and of those above it.

.NET evaluates them from the top, by names without regard to case. Source: System.Configuration
`ProtectedConfigurationSection`, `ProviderSettingsCollection` and `RsaProtectedConfigurationProvider`.
"""

from collections.abc import Iterable, Sequence

from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.editor import Editor, NewElement

_SECTION = "configProtectedData"
_TYPE = "System.Configuration.RsaProtectedConfigurationProvider"
_ASSEMBLY = "System.Configuration"
_IDENTITY = "Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"
_VERSIONS = {"v2.0": "2.0.0.0", "v4.0": "4.0.0.0"}
_DEFAULT_CONTAINER = "NetFrameworkConfigurationKey"


class Providers:
    """The entries that are in effect for the sections of a file."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """Read *documents*, from machine.config down to the file itself.

        Raises `DocumentError` when one has moved its entries to another file, which was not read, or when .NET
        would refuse them.
        """
        self._entries: dict[str, Element] = {}
        for document in documents:
            for section in document.root.named(_SECTION):
                _check_in_this_file(document, section)
                for providers in section.named("providers"):
                    self._evaluate(document, providers.children)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries

    def leads(self, name: str, container: str) -> bool:
        """Tell whether the entry *name* decrypts with the key of the machine-wide *container*."""
        entry = self._entries.get(name.lower())
        if entry is None:
            return False
        held = entry.get("keyContainerName") or _DEFAULT_CONTAINER
        machine_wide = entry.get("useMachineContainer") in (None, "true")  # other spellings are errors to .NET
        return _is_rsa(entry) and machine_wide and held.lower() == container.lower()

    def leading(self, container: str) -> str | None:
        """Answer the name of an entry that leads to *container*, the lowest first, or None."""
        names = [entry.get("name") or "" for entry in reversed(self._entries.values())]
        return next((name for name in names if self.leads(name, container)), None)

    def _evaluate(self, document: Document, entries: Iterable[Element]) -> None:
        for entry in entries:
            name = (entry.get("name") or "").lower()
            match entry.name:
                case "clear":
                    self._entries.clear()
                case "remove":
                    self._entries.pop(name, None)
                case "add":
                    if name in self._entries and _settings(entry) != _settings(self._entries[name]):
                        document.refuse(
                            entry,
                            "a provider of this name is there already, with other settings; .NET refuses this",
                            hint="remove one of the two, or put a <remove> before this one",
                        )
                    self._entries[name] = entry


def add_provider(editor: Editor, name: str, container: str, *, version: str, key_wrap: str) -> None:
    """Add the entry *name* for the machine-wide *container* to the editor's document.

    *version* is that of the runtime that reads it, `v2.0` or `v4.0`. *key_wrap* (`oaep`, `rsa1_5`) is what those
    use who encrypt with the entry afterwards; it means nothing for decryption.
    """
    root = editor.document.root
    if not editor.children(root, _SECTION):
        behind = 1 if editor.children(root, "configSections") else 0  # .NET wants configSections to be the first child
        editor.insert(root, behind, NewElement(_SECTION))
    entry = {
        "name": name,
        "type": f"{_TYPE}, {_ASSEMBLY}, Version={_VERSIONS[version]}, {_IDENTITY}",
        "keyContainerName": container,
        "useMachineContainer": "true",
        "useOAEP": "true" if key_wrap == "oaep" else "false",
    }
    editor.append(editor.ensure(root, _SECTION, "providers"), NewElement("add", {**entry}))


def _check_in_this_file(document: Document, section: Element) -> None:
    if section.get("configSource") is not None:
        document.refuse(
            section,
            f"{_SECTION} stands in another file (configSource), which is not edited",
            hint="move the section back into this file",
        )


def _settings(entry: Element) -> dict[str, str]:
    """Answer what .NET compares of two entries of one name (`ConfigurationElementCollection.BaseAdd`)."""
    return {attribute.name: attribute.value for attribute in entry.attributes if attribute.name != "name"}


def _is_rsa(entry: Element) -> bool:
    """Tell whether the type is .NET's own; its assembly may be left out, and its version is not looked at."""
    name, _, assembly = (entry.get("type") or "").partition(",")
    return name.strip() == _TYPE and assembly.partition(",")[0].strip().lower() in ("", _ASSEMBLY.lower())
