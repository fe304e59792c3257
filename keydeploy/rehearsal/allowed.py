"""Which values of a configuration file a rehearsal keeps: those that planning reads and that are no secrets.

Everything else is replaced. A value is kept as far as the pattern of its place matches from its beginning.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from keydeploy.keys.machine_key import COMPATIBILITY_MODES, DECRYPTIONS, LEGACY_VALIDATIONS

_XENC: Final = "{http://www.w3.org/2001/04/xmlenc#}"
KEY_NAME: Final = "{http://www.w3.org/2000/09/xmldsig#}KeyName"
CIPHER_VALUE: Final = f"{_XENC}CipherValue"
ENCRYPTED_KEY: Final = f"{_XENC}EncryptedKey"


def _words(words: Collection[str]) -> str:
    return rf"\s*({'|'.join(map(re.escape, words))})\s*\Z"


_ANY: Final = r"(?s:.*)\Z"
_FLAG: Final = rf"(?i:{_words(('true', 'false', 'allow', 'deny', 'inherit'))})"
_AUTOMATIC: Final = r"(?i:\s*AutoGenerate(\s*,\s*(IsolateApps|IsolateByAppId))*)"
_VERSION: Final = r"\s*\d{1,3}\.\d{1,3}(\.\d{1,3})?"
_ALGORITHM: Final = r"http://www\.w3\.org/[\w./#-]*\Z"
_TYPE: Final = (
    r"\s*[A-Za-z_][\w.+`]*"
    r"(\s*,\s*[A-Za-z_][\w.-]*(\s*,\s*(Version|Culture|PublicKeyToken|processorArchitecture)\s*=\s*[\w.-]{1,32})*)?\s*\Z"
)
"""A type with its assembly, as .NET writes it."""
_STORE: Final = (
    "FindBy[A-Za-z]{4,30}|CurrentUser|LocalMachine"
    "|AddressBook|AuthRoot|CertificateAuthority|Disallowed|My|Root|TrustedPeople|TrustedPublisher"
)

_KEPT: Final[dict[str, dict[str, str]]] = {
    # in any element
    "": {"configSource": _ANY, "configProtectionProvider": _ANY, "keyContainerName": _ANY},
    "configSections/section": {"name": _ANY, "type": _TYPE, "allowLocation": _FLAG},
    "configSections/sectionGroup": {"name": _ANY, "type": _TYPE},
    "sectionGroup/section": {"name": _ANY, "type": _TYPE, "allowLocation": _FLAG},
    "sectionGroup/sectionGroup": {"name": _ANY, "type": _TYPE},
    "configuration/location": {
        "path": _ANY,
        "allowOverride": _FLAG,
        "overrideMode": _FLAG,
        "inheritInChildApplications": _FLAG,
    },
    "configProtectedData/providers/add": {"name": _ANY, "type": _TYPE, "useMachineContainer": _FLAG},
    "configProtectedData/providers/remove": {"name": _ANY},
    "machineKey": {
        "validation": _words(LEGACY_VALIDATIONS),
        "decryption": _words(DECRYPTIONS),
        "compatibilityMode": _words(COMPATIBILITY_MODES),
        "validationKey": _AUTOMATIC,
        "decryptionKey": _AUTOMATIC,
        "lockItem": _FLAG,
    },
    "system.web/httpRuntime": {"targetFramework": _VERSION},
    "system.identityModel/identityConfiguration": {"name": _ANY},
    "identityConfiguration/securityTokenHandlers": {"name": _ANY},
    "securityTokenHandlers/add": {"type": _TYPE},
    "securityTokenHandlers/remove": {"type": _TYPE},
    "system.identityModel.services/federationConfiguration": {"name": _ANY, "identityConfigurationName": _ANY},
    "microsoft.identityModel/service": {"name": _ANY},
    "serviceCertificate/certificateReference": dict.fromkeys(
        ("x509FindType", "storeLocation", "storeName"), rf"({_STORE})\Z"
    ),
    f"{_XENC}EncryptedData": {"Type": _ALGORITHM},
    f"{_XENC}EncryptionMethod": {"Algorithm": _ALGORITHM},
    # applicationHost.config and redirection.config
    "configuration/configurationRedirection": {"enabled": _FLAG},
    "sites/site": {"name": _ANY},
    "sites/applicationDefaults": {"applicationPool": _ANY},
    "site/applicationDefaults": {"applicationPool": _ANY},
    "site/application": {"path": _ANY, "applicationPool": _ANY},
    "application/virtualDirectory": {"path": _ANY, "physicalPath": _ANY},
    "site/bindings/binding": {"protocol": _ANY, "bindingInformation": _ANY, "sslFlags": r"\d{1,5}\Z"},
    **{
        f"applicationPools/{name}": {
            "name": _ANY,
            "managedRuntimeVersion": r"(v\d\.\d)?\Z",
            "enable32BitAppOnWin64": _FLAG,
        }
        for name in ("add", "applicationPoolDefaults")
    },
    **{
        f"applicationPools/{name}/processModel": {
            "identityType": r"[A-Za-z]{1,40}\Z",
            "userName": _ANY,
            "loadUserProfile": _FLAG,
            "setProfileEnvironment": _FLAG,
        }
        for name in ("add", "applicationPoolDefaults")
    },
}
_LONGEST: Final = max(place.count("/") + 1 for place in _KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be kept."""

    protectors: Collection[str] = ()
    """The types of data protectors that the spec declares, and their application names: only those are compared."""

    def length(self, path: tuple[str, ...], attribute: str, value: str) -> int:
        """Answer how many characters of *value*, from its beginning, stay in the *attribute* at *path*."""
        if attribute == "xmlns" or attribute.startswith("xmlns:"):
            return len(value)
        if path[-1] == "machineKey" and attribute in ("dataProtectorType", "applicationName"):
            return len(value) if value in self.protectors else 0
        pattern = _pattern(path, attribute)
        found = re.match(pattern, value) if pattern else None
        return found.end() if found else 0


def is_kept_text(element: str, text: str) -> bool:
    """Tell whether the *text* in an *element* stays: the one name under which .NET looks for a key."""
    return element == KEY_NAME and text.strip() == "Rsa Key"


def _pattern(path: tuple[str, ...], attribute: str) -> str | None:
    for length in range(min(_LONGEST, len(path)), -1, -1):
        found = _KEPT.get("/".join(path[len(path) - length :]), {}).get(attribute)
        if found is not None:
            return found
    return None
