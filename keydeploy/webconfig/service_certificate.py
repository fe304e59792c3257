"""Makes WIF's configuration name the certificate that protects session cookies, by its thumbprint.

The reference alone protects nothing: WIF uses it for cookies where the application says so, see `NEEDED_CODE`.
Source: Microsoft, "WIF Configuration Reference" (`<certificateReference>`), for WIF 3.5 "Service Configuration".
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from keydeploy.edit import Difference
from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.editor import Editor, NewElement
from keydeploy.webconfig.identity_model import (
    IDENTITY_MODEL,
    SERVICES,
    WIF_3_5,
    ensure_named,
    handed_down,
    named,
    own,
    register,
    registered,
)
from keydeploy.webconfig.sections import is_encrypted, sections
from keydeploy.webconfig.session_tokens import forbid_machine_key_handler

NEEDED_CODE: Final = """\
// The certificate in web.config protects session cookies only where the application asks for it, in Global.asax.
// WIF 4.5 (System.IdentityModel, System.IdentityModel.Services):
using System.Collections.Generic;
using System.IdentityModel;
using System.IdentityModel.Services;
using System.IdentityModel.Services.Configuration;
using System.IdentityModel.Tokens;

void Application_Start(object sender, EventArgs e)
{
    FederatedAuthentication.FederationConfigurationCreated += ProtectCookiesByCertificate;
}

static void ProtectCookiesByCertificate(object sender, FederationConfigurationCreatedEventArgs e)
{
    var certificate = e.FederationConfiguration.ServiceCertificate;
    var transforms = new List<CookieTransform>
    {
        new DeflateCookieTransform(),
        new RsaEncryptionCookieTransform(certificate),
        new RsaSignatureCookieTransform(certificate),
    };
    var handler = new SessionSecurityTokenHandler(transforms.AsReadOnly());
    e.FederationConfiguration.IdentityConfiguration.SecurityTokenHandlers.AddOrReplace(handler);
}

// WIF 3.5: the same with the namespaces Microsoft.IdentityModel.Web, Microsoft.IdentityModel.Web.Configuration and
// Microsoft.IdentityModel.Tokens, the event FederatedAuthentication.ServiceConfigurationCreated with its
// ServiceConfigurationCreatedEventArgs, the certificate e.ServiceConfiguration.ServiceCertificate, and
// e.ServiceConfiguration.SecurityTokenHandlers.AddOrReplace(handler).
"""
"""What an application needs so that its session cookies are protected by the certificate. C#, without a secret."""


@dataclass(frozen=True, slots=True)
class _Wif:
    """Where a version of WIF reads the certificate."""

    section: str
    configuration: str
    """The element of the section that holds the certificate; WIF takes the one without a name."""
    sections: tuple[str, ...]
    """All that must be registered."""


_WIF_4_5 = _Wif(SERVICES, "federationConfiguration", (IDENTITY_MODEL, SERVICES))
_WIF_3_5 = _Wif(WIF_3_5, "service", (WIF_3_5,))

_REFERENCE: Final = "certificateReference"
_FIND_TYPE: Final = {"x509FindType": "FindByThumbprint"}
_STORE: Final = {"storeLocation": "LocalMachine", "storeName": "My"}
"""Also what applies where the attribute is missing. Source: System.ServiceModel `CertificateReferenceElement`."""

_KNOWN_VALUES: Final = re.compile(
    "FindBy[A-Za-z]{4,30}|CurrentUser|LocalMachine"
    "|AddressBook|AuthRoot|CertificateAuthority|Disallowed|My|Root|TrustedPeople|TrustedPublisher"
)
"""The values that may be shown; anything else may be a secret in the wrong place."""

THUMBPRINT: Final = re.compile(r"(?<![0-9A-F])[0-9A-F]{40}(?![0-9A-F])")
_SEPARATORS: Final = re.compile(r"[\s:-]+")
_MACHINE_KEY: Final = "machineKey"


def require_certificate(editor: Editor, upper: Sequence[Document], thumbprint: str) -> tuple[Difference, ...]:
    """Make the application's WIF configuration refer to the certificate *thumbprint*, and answer in what it differs.

    Which WIF, 4.5 or 3.5, is told by the sections of the application's own file, else by those of the files above,
    *upper*, from machine.config down, else by what is registered. What a file above says is not said again, and
    what it says in a `<location>` for this application alone is not looked at. A session token handler that uses
    the machine key is removed, see `forbid_machine_key_handler`.
    Raises `ProtectedSection` when a section is encrypted, and `DocumentError` when it stands in another file, is
    locked, has an element twice or under a name only, or when a file above names another certificate: WIF does not
    merge what two files say about the same configuration. Source: System.IdentityModel
    `IdentityConfigurationElementCollection.BaseAdd` (ID7029).
    """
    wanted = as_written(thumbprint)
    found = [each for wif in _in_use(editor.document, upper) for each in _require(editor, upper, wif, wanted)]
    return (*found, *forbid_machine_key_handler(editor, upper))


def renews_reference(differences: Iterable[Difference]) -> bool:
    """Tell whether *differences* only lead an application that refers to a certificate already to another one.

    What `NEEDED_CODE` is needed for has been done there then, as far as configuration files can tell.
    """
    return all(each.name.startswith(f"{_REFERENCE} ") and each != _no_reference(each.wanted) for each in differences)


def uses_wif_4_5(document: Document, upper: Sequence[Document]) -> bool:
    """Tell whether `require_certificate` writes sections that only .NET 4.5 and later know; raises what it raises."""
    return _WIF_4_5 in _in_use(document, upper)


def referenced_thumbprints(document: Document) -> frozenset[str]:
    """Answer all that may be a thumbprint in *document*, in upper-case hex, so that nothing in use is deleted.

    That is every run of 40 hex digits in an attribute or a text, also with blanks, colons or invisible characters
    between them. A value that is something else may be among them, so the answer is for comparing and not for
    showing; the keys of a machineKey are not. Sections that are encrypted or stand in other files are not seen,
    see `unreadable_sections`.
    """
    values = (value for element in document.root.walk() for value in _values(document, element))
    return frozenset(thumbprint for value in values for thumbprint in _thumbprints(value))


def unreadable_sections(document: Document) -> Iterator[Element]:
    """Yield the sections that may refer to certificates where `referenced_thumbprints` cannot look.

    A machineKey is none: it never refers to one.
    """
    return (each for each in document.root.walk() if each.name != _MACHINE_KEY and _is_unreadable(each))


def _in_use(document: Document, upper: Sequence[Document]) -> tuple[_Wif, ...]:
    """Answer the versions of WIF that are configured; WIF 4.5 where nothing is."""
    names = (*_WIF_4_5.sections, *_WIF_3_5.sections)
    here = {name for name in names if any(own(document, name))}
    found = here or {name for name in names if any(handed_down(upper, name))}
    if found:
        return tuple(wif for wif in (_WIF_4_5, _WIF_3_5) if found & {*wif.sections})
    known = registered([document]) or registered(upper)
    return (_WIF_3_5,) if known == {*_WIF_3_5.sections} else (_WIF_4_5,)


def _require(editor: Editor, upper: Sequence[Document], wif: _Wif, wanted: str) -> Iterator[Difference]:
    document = editor.document
    section = next(own(document, wif.section), None)
    configuration = _only(document, section, wif.configuration)
    above = list(handed_down(upper, wif.section))
    if configuration is None:
        inherited = [found for each in above if (found := named(each, wif.configuration, ""))]
        if inherited:
            _check_inherited(inherited[-1], wif, wanted)
            return
        _refuse_named_alone([*above, *([section] if section else [])], wif)
    yield from register(editor, upper, wif.sections)
    reference = _only(document, _only(document, configuration, "serviceCertificate"), _REFERENCE)
    differing = _differing(reference, wanted)
    if not differing:
        return
    _refuse_locked(upper, wif.section)
    if reference is None:
        parent = section or editor.ensure(document.root, wif.section)
        parent = editor.ensure(ensure_named(editor, parent, wif.configuration, ""), "serviceCertificate")
        editor.append(parent, NewElement(_REFERENCE, {**differing}))
        yield _no_reference(wanted)
        return
    for name, value in differing.items():
        editor.set_attribute(reference, name, value)
        yield Difference(f"{_REFERENCE} {name}", _shown(reference.get(name)), value)


def _no_reference(wanted: str) -> Difference:
    return Difference(f"{_REFERENCE} findValue", "absent", wanted)


def _differing(reference: Element | None, wanted: str) -> dict[str, str]:
    """Answer the attributes that *reference* does not have as they are wanted, with their wanted values."""
    attributes = {**_FIND_TYPE, "findValue": wanted, **_STORE}
    if reference is None:
        return attributes
    return {name: value for name, value in attributes.items() if not _says(name, reference.get(name), value)}


def _says(name: str, found: str | None, wanted: str) -> bool:
    if found is None:
        return name in _STORE
    return (as_written(found) if name == "findValue" else found) == wanted


def as_written(thumbprint: str) -> str:
    """Answer *thumbprint* as .NET takes it: the case of letters and white space do not count.

    An invisible character, such as the U+200E that the certificate dialog of Windows puts before it, does: .NET
    does not find the certificate then. Source: System.Security `X509Utils.DecodeHexString`.
    """
    return "".join(thumbprint.split()).upper()


def _shown(value: str | None) -> str:
    if value is None:
        return "absent"
    if _KNOWN_VALUES.fullmatch(value):
        return value
    written = as_written(value)
    if THUMBPRINT.fullmatch(written):
        return written
    visible = without_invisible(written)
    return f"{visible} with an invisible character" if THUMBPRINT.fullmatch(visible) else "another value"


def _check_inherited(configuration: Element, wif: _Wif, wanted: str) -> None:
    certificate = next(configuration.named("serviceCertificate"), None)
    reference = next(certificate.named(_REFERENCE), None) if certificate else None
    if _differing(reference, wanted):
        raise DocumentError(
            f"a file above has a <{wif.configuration}> without this certificate, and WIF does not merge it with"
            " one here",
            hint="declare the certificate for the application above, or put that section into"
            ' <location path="." inheritInChildApplications="false">',
        )


def _refuse_named_alone(found: Sequence[Element], wif: _Wif) -> None:
    if any(next(section.named(wif.configuration), None) for section in found):
        raise DocumentError(
            f"each <{wif.configuration}> has a name, but WIF takes the one without for session cookies",
            hint="remove the name of the one that is meant",
        )


def _refuse_locked(upper: Sequence[Document], name: str) -> None:
    for document in upper:
        if any(section.locks for section in sections(document, (name,), "")):
            raise DocumentError(f"a file above locks {name}", hint="remove the lock there, or configure it there")


def _only(document: Document, parent: Element | None, tag: str) -> Element | None:
    """Answer the child *tag* without a name; raises `DocumentError` when there are two."""
    found = [child for child in parent.named(tag) if not child.get("name")] if parent else []
    if len(found) > 1:
        document.refuse(found[1], f"a second {tag}, which WIF refuses", hint="remove one of them by hand")
    return found[0] if found else None


def _values(document: Document, element: Element) -> Iterator[str]:
    if element.name != _MACHINE_KEY:
        yield from (attribute.value for attribute in element.attributes)
    if not element.children:
        yield document.text[element.content_start : element.content_end]


def _thumbprints(value: str) -> Iterator[str]:
    visible = without_invisible(value).upper()
    yield from THUMBPRINT.findall(visible)
    yield from THUMBPRINT.findall(_SEPARATORS.sub("", visible))


def without_invisible(text: str) -> str:
    """Remove the characters that only tell how others are shown (Unicode's category Cf)."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _is_unreadable(element: Element) -> bool:
    elsewhere = element.get("configSource") or (element.name == "appSettings" and element.get("file"))
    return bool(elsewhere) or is_encrypted(element)
