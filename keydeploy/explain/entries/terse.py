"""Codes that say little by themselves: invalid data, an internal error, not supported, not found."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, Remedy, strong, telling

_CODES = "learn.microsoft.com/windows/win32/com/com-error-codes-4"
_INSTALLED = Remedy(
    text="imports the key of every certificate into a container of Microsoft Enhanced RSA and AES Cryptographic "
    "Provider in the machine, where the application finds it by the certificate's thumbprint, without a file, a "
    "profile or an export",
    spec=specs.CERTIFICATE,
    commands=("keydeploy validate inventory.yml", "keydeploy apply inventory.yml"),
)

INVALID_DATA = Entry(
    id="invalid-data",
    title="The data is invalid: what should be read is not of the form that the reader expects",
    meaning="DPAPI says it of bytes that it did not make; IIS says it of a configuration file that it cannot read",
    codes=("ERROR_INVALID_DATA",),
    signs=(
        telling("the data is invalid", within=ABOUT_KEYS),
        telling("die daten sind ungültig", within=ABOUT_KEYS),
        telling("500.19", "0x8007000d"),
    ),
    causes=(
        Cause(
            id="cookie",
            title="a session cookie of WIF is empty, cut, or was written by another handler",
            reason="the default handler gives it to DPAPI, which does not know it: see keydeploy explain "
            "session-cookie-dpapi",
            points=(strong("protecteddatacookietransform"), telling("id1073"), telling("cookie")),
            checks=(
                checks.events(
                    "Application", "ASP.NET 4.0.30319.0", 1309, "ProtectedDataCookieTransform.Decode in the trace"
                ),
                checks.linted("session-cookies"),
                checks.drifted('"MachineKeySessionSecurityTokenHandler: absent → present", on some nodes only'),
            ),
        ),
        Cause(
            id="not-of-dpapi",
            title="a program gives ProtectedData.Unprotect what ProtectedData.Protect did not make",
            reason="a column too short, Base64 decoded twice or not at all, or a value that is still in clear",
            points=(telling("protecteddata.unprotect"),),
            checks=(
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1309,
                    "ProtectedData.Unprotect in the trace, and the method of the application that called it",
                ),
            ),
        ),
        Cause(
            id="configuration-file",
            title="IIS cannot read a web.config (HTTP 500.19), which is no matter of keys",
            reason="its XML is not well-formed, or it has a section of a module that is not installed, such as URL "
            "Rewrite",
            points=(telling("500.19"),),
            about_keys=False,
            checks=(checks.unreadable_in_folder(),),
        ),
    ),
    remedy=Remedy(
        text="lets the machine key or a certificate protect session cookies, on all nodes alike, in the place of "
        "DPAPI; lint names the files that cannot be read",
        spec=specs.SESSION_TOKENS,
        commands=(checks.LINT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        "port135.com/cryptographicexception-the-data-is-invalid-error",
        "learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-",
        "learn.microsoft.com/troubleshoot/developer/webapps/iis/health-diagnostic-performance/http-error-500-19-webpage",
    ),
)

INTERNAL_ERROR = Entry(
    id="internal-error",
    title="An internal error occurred, when a key is imported or used",
    meaning="NTE_FAIL is what a provider answers where no other code fits",
    codes=("NTE_FAIL",),
    signs=(telling("an internal error occurred", within=ABOUT_KEYS),),
    causes=(
        Cause(
            id="no-machine-store",
            title="a PFX is opened in code without MachineKeySet, and the pool's account has no profile",
            reason="its key goes into the store of a user who has none here",
            points=(
                telling("loadcertfromblob"),
                telling("loadcertificatefromblob"),
                telling("loadcertfromfile"),
                telling("loadcertificatefromfile"),
            ),
            checks=(
                checks.profile_loaded("false"),
                checks.certificate_listed(
                    "the certificate with its key, where it is installed instead of being opened from a file"
                ),
            ),
        ),
        Cause(
            id="provider-failed",
            title="the provider of the key failed, and says no more",
            reason="a card, a security module or the provider of a vendor failed behind Windows; its own log tells why",
            points=(telling("smart card"), telling("scksp"), telling("basecsp")),
            checks=(
                checks.certificate_listed("Provider = one for cards or of a vendor, and a test of the key that fails"),
            ),
        ),
    ),
    remedy=_INSTALLED,
    sources=(_CODES, "github.com/arashnorouzi/Moon-APNS/issues/12"),
)

NOT_SUPPORTED = Entry(
    id="not-supported",
    title="The requested operation is not supported by the provider of the key",
    meaning="the key lies in a key storage provider (CNG), which does not do this with it, or not in this form",
    codes=("NTE_NOT_SUPPORTED",),
    signs=(telling("the requested operation is not supported", within=ABOUT_KEYS),),
    causes=(
        Cause(
            id="export-in-clear",
            title="a program exports the private parameters of a key that may leave CNG encrypted only, or not at all",
            reason="the key of a PFX comes into CNG so, also as Exportable; ExportParameters(true) wants it in clear",
            points=(strong("exportparameters"), strong("cngkey.export"), telling("ncryptnative.exportkey")),
            checks=(
                checks.certificate_listed("Provider = Microsoft Software Key Storage Provider"),
                checks.drifted('"private key: in key storage (CNG) ... → in container keydeploy-..."'),
            ),
        ),
        Cause(
            id="other-form",
            title="a program imports a key whose bytes are not of the form that it names",
            reason="such as a blob that says that it is a public key and holds a private one",
            points=(strong("cngkey.import"),),
            checks=(checks.events("Application", "ASP.NET 4.0.30319.0", 1309, "CngKey.Import in the trace"),),
        ),
    ),
    remedy=_INSTALLED,
    sources=(
        "github.com/dotnet/runtime/issues/48472",
        "github.com/dotnet/runtime/pull/109119",
        "stackoverflow.com/questions/50080937",
    ),
)

OBJECT_NOT_FOUND = Entry(
    id="object-not-found",
    title="Cannot find object or property: no such certificate, or no private key linked to it",
    meaning="a certificate was looked for in a store, or the property of one that names its key, and it is not there",
    codes=("CRYPT_E_NOT_FOUND",),
    signs=(telling("cannot find object or property"),),
    causes=(
        Cause(
            id="no-certificate",
            title="the certificate is not in the store",
            reason="it was renewed, and its thumbprint is another; or it was installed for a user, or on other nodes "
            "only",
            points=(telling("certfindcertificateinstore"), telling("x509store")),
            checks=(
                checks.certificate_listed("an error in the place of the certificate"),
                checks.drifted('"certificates.session: create" and "certificate: absent → present"'),
                checks.linted("missing-certificate"),
            ),
        ),
        Cause(
            id="no-key",
            title="the certificate is there, and no private key is linked to it",
            reason="a .cer file was imported, or the answer of the authority on another machine than the request",
            points=(telling("repairstore"), telling("get_privatekey"), telling("private key")),
            checks=(
                checks.certificate_listed("no line Unique container name"),
                checks.drifted('"private key: absent → in container keydeploy-..."'),
            ),
        ),
    ),
    remedy=_INSTALLED,
    sources=(
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certfindcertificateinstore",
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certgetcertificatecontextproperty",
    ),
)

ENTRIES = (INVALID_DATA, INTERNAL_ERROR, NOT_SUPPORTED, OBJECT_NOT_FOUND)
