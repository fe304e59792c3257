"""Certificates that cannot be bound, opened, imported or trusted."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import (
    ABOUT_KEYS,
    Cause,
    Entry,
    EventSign,
    Remedy,
    Weight,
    decisive,
    here,
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
    meaning="Schannel's event 36870: whoever serves TLS could not open the key of its certificate",
    codes=("SEC_E_UNKNOWN_CREDENTIALS",),
    events=(EventSign(Weight.DECISIVE, 36870, "schannel"),),
    signs=(
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
            points=(telling("0x80090016"),),
            checks=(
                checks.certificate_listed("no Unique container name, or Missing stored keyset"),
                checks.https_bindings("the thumbprint (Certificate Hash) that is served, to compare"),
            ),
        ),
    ),
    remedy=_INSTALLED,
    sources=(_BINDING, _DRAGGED),
)

CERTIFICATE_KEY = Entry(
    id="certificate-key",
    title="the private key of a certificate cannot be used",
    meaning="the certificate was found, its key was not, or the account of the application may not use it",
    codes=("CRYPT_E_NO_KEY_PROPERTY",),
    ids=("ID1039",),
    signs=(
        strong("may not have a private key that is capable of key exchange"),
        strong("the certificate's private key could not be accessed"),
        strong("private key is not present in the x.509 certificate"),
    ),
    causes=(
        Cause(
            id="not-readable",
            title="the account of the application pool may not read the key",
            reason="only administrators may, after an import; a renewed certificate has a new key with a new list",
            points=(decisive("id1039"), telling("access rights for the private key")),
            checks=(
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
                checks.certificate_listed("Unique container name: the name of the key's file, whose list counts"),
            ),
        ),
        Cause(
            id="no-key",
            title="the certificate is there without its key",
            reason="a .cer file was imported, or the key went to a user's store",
            points=(telling("private key is not present"),),
            checks=(
                checks.certificate_listed("no Unique container name"),
                checks.certificate_of_user("the certificate with its key, for the user who imported it"),
            ),
        ),
        Cause(
            id="other-kind",
            title="the key is for signing only, or lies in CNG",
            reason="key exchange needs AT_KEYEXCHANGE (KeySpec 1) in an older provider",
            points=(telling("capable of key exchange"),),
            checks=(
                checks.certificate_listed(
                    "KeySpec = 2 -- AT_SIGNATURE, or Provider = Microsoft Software Key Storage Provider"
                ),
                checks.drifted(
                    '"private key: in key storage (CNG) ... → in container keydeploy-...", or '
                    '"key is for: signatures alone → encryption and signatures"'
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="installs the certificate with its key (exchange, type 24), and keeps the list of those who may use it "
        "exact",
        spec=specs.CERTIFICATE,
        commands=(checks.DRIFT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        "learn.microsoft.com/dotnet/framework/wcf/feature-details/working-with-certificates",
        "learn.microsoft.com/windows/win32/com/com-error-codes-4",
        "github.com/chef-boneyard/windows/issues/481",
    ),
)

PFX_PASSWORD = Entry(
    id="pfx-password",
    title="The specified network password is not correct: a PFX cannot be opened",
    meaning="Windows could not check the PFX's password; older ones say the same of an encryption that they do not "
    "know",
    codes=("ERROR_INVALID_PASSWORD",),
    signs=(
        telling("network password is not correct", within=ABOUT_KEYS),
        telling("netzwerkkennwort ist falsch", within=ABOUT_KEYS),
    ),
    causes=(
        Cause(
            id="wrong-password",
            title="the password is another one",
            reason="a line end or a space was copied with it, or a shell took a special character for its own",
            checks=(
                here("keydeploy validate inventory.yml", "the certificate's password, as the place of the mistake"),
                here("openssl pkcs12 -in session.pfx -noout", "Mac verify error, once it has asked for the password"),
            ),
        ),
        Cause(
            id="newer-encryption",
            title="the PFX is encrypted with AES-256 and SHA-256, and this Windows is older than 1709 or Server 2019",
            reason="Server 2016 and before open only PFX files with 3DES and SHA-1",
            checks=(
                here("openssl pkcs12 -in session.pfx -info -noout", "PBES2 and AES-256-CBC, or MAC: sha256"),
                on_node("[Environment]::OSVersion.Version", "a build below 16299"),
            ),
        ),
        Cause(
            id="damaged",
            title="the file is not the PFX that it was",
            reason="it was copied as text, or is Base64 still",
            checks=(
                here("openssl pkcs12 -in session.pfx -noout", "an error about ASN.1, before it asks for any password"),
                here("keydeploy validate inventory.yml", "the PFX, as the place of the mistake"),
            ),
        ),
    ),
    remedy=Remedy(
        text="opens the PFX on the controller, whatever its encryption, says before any contact when it cannot, and "
        "sends the key to nodes of any age; "
        "no PFX is written on a node",
        spec=specs.CERTIFICATE,
        commands=("keydeploy validate inventory.yml",),
    ),
    sources=(
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-pfximportcertstore",
        "learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-",
        "github.com/dsccommunity/CertificateDsc/issues/153",
    ),
)

UNTRUSTED_ROOT = Entry(
    id="untrusted-root",
    title="a certificate's chain ends in a root that this node does not trust",
    meaning="the root certificate is not in the machine's store Root, or an intermediate one is where only roots "
    "belong",
    codes=("CERT_E_UNTRUSTEDROOT",),
    signs=(telling("terminated in a root certificate which is not trusted"), telling("0x800b0109")),
    causes=(
        Cause(
            id="root-missing",
            title="the root is not installed on this node",
            reason="nodes were installed at different times",
            checks=(
                on_node("certutil -verifystore My THUMBPRINT", "CERT_E_UNTRUSTEDROOT, and the chain as far as it goes"),
                checks.drifted('"chain ... in Root: absent → present"'),
            ),
        ),
        Cause(
            id="intermediate-in-root",
            title="an intermediate certificate lies in the store of roots",
            reason="client certificates are then refused with 403.16",
            points=(telling("403.16"),),
            checks=(
                on_node(
                    r"Get-ChildItem Cert:\LocalMachine\Root | Where-Object { $_.Issuer -ne $_.Subject } | "
                    r"Format-List Subject,Issuer,Thumbprint",
                    "any certificate: only self-signed ones belong there",
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="installs the chain with the certificate: intermediates into CA, self-signed ones into Root",
        spec=specs.CERTIFICATE,
        commands=("keydeploy plan inventory.yml", "keydeploy apply inventory.yml"),
    ),
    sources=("support.microsoft.com/kb/2802568", "learn.microsoft.com/windows/win32/com/com-error-codes-4"),
)

ENTRIES = (NO_LOGON_SESSION, TLS_KEY, CERTIFICATE_KEY, PFX_PASSWORD, UNTRUSTED_ROOT)
