"""Certificates that cannot be used, opened, imported or trusted."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import (
    ABOUT_KEYS,
    Cause,
    Entry,
    Remedy,
    decisive,
    here,
    on_node,
    strong,
    telling,
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

ENTRIES = (CERTIFICATE_KEY, PFX_PASSWORD, UNTRUSTED_ROOT)
