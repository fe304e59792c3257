"""Bindings for HTTPS whose certificate, or its private key, cannot be used."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import (
    ABOUT_KEYS,
    Cause,
    Entry,
    EventSign,
    Remedy,
    Weight,
    decisive,
    on_node,
    strong,
    telling,
)

_BINDING = (
    "techcommunity.microsoft.com/blog/iis-support-blog/error-hresult-0x80070520-when-adding-ssl-binding-in-iis/377281"
)
_DRAGGED = "learn.microsoft.com/archive/blogs/webtopics/ssl-stops-working-in-iis7"
_INSTALLED = Remedy(
    text="opens the PFX on the controller, imports the key straight into a container of the machine that is named "
    "after the certificate, "
    "links the two, lets SYSTEM, Administrators and the readers use it, and switches the bindings on all nodes at "
    "one instant",
    spec=specs.BINDING,
    commands=("keydeploy validate inventory.yml", "keydeploy apply inventory.yml"),
)

NO_LOGON_SESSION = Entry(
    id="no-logon-session",
    title="A specified logon session does not exist: a binding's certificate has no usable key in the machine",
    meaning="HTTP.sys cannot use the certificate's private key: it is missing, or not in the store of the machine",
    codes=("ERROR_NO_SUCH_LOGON_SESSION",),
    signs=(
        telling("specified logon session does not exist", within=ABOUT_KEYS),
        telling("angegebene anmeldesitzung ist nicht vorhanden", within=ABOUT_KEYS),
        strong("hresult", "0x80070520"),
    ),
    causes=(
        Cause(
            id="user-store",
            title="the key was imported into the store of a user",
            reason="the import ran without MachineKeySet, or the certificate was dragged from a user's store into "
            "the machine's",
            points=(telling("import-pfxcertificate"), telling("currentuser")),
            checks=(
                checks.certificate_listed("no Unique container name, or Missing stored keyset"),
                checks.certificate_of_user("the certificate with its key, when it is run as the user who imported it"),
            ),
        ),
        Cause(
            id="no-key",
            title="the certificate came without a key (a .cer file), or its key is gone",
            reason="the answer of the authority was installed on another machine than the request; or a PFX was "
            "opened without PersistKeySet",
            checks=(
                on_node(
                    r"Get-ChildItem Cert:\LocalMachine\My | Format-Table Thumbprint,HasPrivateKey,NotAfter,Subject",
                    "HasPrivateKey False",
                ),
                checks.drifted('"private key: absent → in container keydeploy-..."'),
            ),
        ),
        Cause(
            id="broken-import",
            title='IIS Manager imported it without "Allow this certificate to be exported"',
            reason="on some versions of IIS that leaves a certificate whose key cannot be found",
            checks=(
                checks.certificate_listed("a container, and a test of the key that fails"),
                checks.events(
                    "System", "Schannel", 36870, "error 0x8009030D or 0x80090016, each time the binding is used"
                ),
            ),
        ),
    ),
    remedy=_INSTALLED,
    sources=(_BINDING, _DRAGGED, "github.com/ansible/ansible/issues/37789"),
)

TLS_KEY = Entry(
    id="tls-key",
    title="TLS cannot use the private key of a server certificate",
    meaning="whoever serves TLS (HTTP.sys for IIS) could not find its certificate, or not open the key of it: events "
    "36870 and 36869 of Schannel, 15021 of HttpEvent",
    codes=("SEC_E_UNKNOWN_CREDENTIALS", "SEC_E_NO_CREDENTIALS"),
    events=(
        EventSign(Weight.DECISIVE, 36870, "schannel"),
        EventSign(Weight.DECISIVE, 36869, "schannel"),
        EventSign(Weight.DECISIVE, 15021, "httpevent"),
    ),
    signs=(
        strong("certificate does not have a private key information property"),
        strong("error occurred while using ssl configuration"),
        strong("attempting to access the tls server credential private key"),
        strong("attempting to access the ssl server credential private key"),
    ),
    causes=(
        Cause(
            id="not-readable",
            title="SYSTEM, or the service's account, may not read the key",
            reason="the access list of the key was replaced",
            points=(telling("0x8009030d"),),
            checks=(
                checks.certificate_listed("a container, and a test of the key that fails"),
                checks.drifted('"key readers: ... → add SYSTEM"'),
            ),
        ),
        Cause(
            id="missing",
            title="the key is not in the store of the machine",
            reason="it was imported for a user, or moved without its key",
            points=(telling("0x80090016"), telling("0x8009030e")),
            checks=(
                checks.certificate_listed("no Unique container name, or Missing stored keyset"),
                checks.https_bindings("the thumbprint (Certificate Hash) that is served, to compare"),
            ),
        ),
        Cause(
            id="no-link",
            title="the certificate is in the store without a link to any private key",
            reason="a .cer file was imported, or the certificate was restored without its key",
            points=(
                decisive("certificate does not have a private key information property"),
                telling("36869"),
            ),
            checks=(
                checks.certificate_listed("no line Unique container name"),
                checks.drifted('"private key: absent → in container keydeploy-..."'),
            ),
        ),
        Cause(
            id="stale-binding",
            title="a binding names a certificate that is no longer in the store",
            reason="it was renewed and the old one deleted; HTTP.sys keeps the old thumbprint until it is bound anew",
            checks=(
                checks.https_bindings("a thumbprint (Certificate Hash) of the endpoint in the event"),
                checks.certificate_listed("an error in the place of the certificate with that thumbprint"),
            ),
        ),
    ),
    remedy=_INSTALLED,
    sources=(
        _BINDING,
        _DRAGGED,
        "techcommunity.microsoft.com/t5/iis-support-blog/about-https-schannel-tls-capi-ssl-certificates-and-their-keys/ba-p/815200",
    ),
)

ENTRIES = (NO_LOGON_SESSION, TLS_KEY)
