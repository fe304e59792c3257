"""Where an application refers to a certificate whose private key it uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from keydeploy.lint.model import Application, Finding, Rule
from keydeploy.lint.sight import Part, parts
from keydeploy.webconfig.document import Element
from keydeploy.webconfig.identity_model import SERVICES, WIF_3_5
from keydeploy.webconfig.service_certificate import THUMBPRINT, as_written, without_invisible

_BY_THUMBPRINT: Final = "FindByThumbprint"
_DEFAULT_TYPE: Final = "FindBySubjectDistinguishedName"
"""Source: System.ServiceModel `CertificateReferenceElement`, `X509RecipientCertificateServiceElement`."""

_FIND_TYPE: Final = re.compile(r"FindBy[A-Za-z]{4,30}")
_WCF: Final = "system.serviceModel/behaviors/serviceBehaviors/behavior/serviceCredentials/serviceCertificate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reference:
    """One reference."""

    part: Part
    element: Element

    @property
    def is_of_wif(self) -> bool:
        """Tell whether WIF may protect cookies with it."""
        return self.part.section in (SERVICES, WIF_3_5)

    @property
    def is_of_wif_3_5(self) -> bool:
        """Tell whether it is one of WIF 3.5."""
        return self.part.section == WIF_3_5

    @property
    def is_written(self) -> bool:
        """Tell whether the file says by what the certificate is found."""
        return self.element.get("x509FindType") is not None

    @property
    def find_type(self) -> str:
        """Answer by what the certificate is found."""
        return self.element.get("x509FindType") or _DEFAULT_TYPE

    @property
    def is_known_type(self) -> bool:
        """Tell whether `find_type` may be shown."""
        return _FIND_TYPE.fullmatch(self.find_type) is not None

    @property
    def thumbprint(self) -> str | None:
        """Answer the thumbprint in upper-case hex; None where the certificate is found by something else."""
        value = without_invisible(as_written(self.element.get("findValue") or ""))
        return value if self.find_type == _BY_THUMBPRINT and THUMBPRINT.fullmatch(value) else None

    @property
    def is_in_my(self) -> bool:
        """Tell whether it is looked for in LocalMachine's store My, which is where it is without attributes."""
        store, location = self.element.get("storeName") or "My", self.element.get("storeLocation") or "LocalMachine"
        return (store.lower(), location.lower()) == ("my", "localmachine")

    def finding(self, rule: Rule, text: str, attribute: str) -> Finding:
        """Answer that *rule* strikes at *attribute* of the reference."""
        return self.part.finding(rule, text, element=self.element, attribute=attribute, subject=f"/{self.element.name}")


def references(application: Application) -> Iterator[Reference]:
    """Yield the references of WIF and of WCF services, from the file at the top to the application's own."""
    for section in (SERVICES, WIF_3_5):
        for part in parts(application, section):
            for certificate in _walk(part, "serviceCertificate"):
                for element in certificate.named("certificateReference"):
                    yield Reference(part=part, element=element)
    for part in parts(application, _WCF):
        if part.element is not None and part.element.get("findValue"):
            yield Reference(part=part, element=part.element)


def _walk(part: Part, name: str) -> Iterator[Element]:
    return (element for element in part.element.walk() if element.name == name) if part.element else iter(())
