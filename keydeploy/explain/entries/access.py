"""Keys that are there and cannot be used: wrong state, wrong account, wrong provider, wrong data."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, Remedy, decisive, here, on_node, strong, telling

_CODES = "learn.microsoft.com/windows/win32/com/com-error-codes-4"
_DPAPI = "learn.microsoft.com/windows/win32/api/dpapi/nf-dpapi-cryptunprotectdata"
_SAME_KEY = Remedy(
    text="gives every node the same key in a container of the machine, and encrypts the sections of web.config with it",
    spec=specs.SECTIONS,
    commands=("keydeploy apply inventory.yml", checks.DRIFT),
)

BAD_KEY_STATE = Entry(
    id="bad-key-state",
    title="Key not valid for use in specified state",
    meaning="the key may not do this: it is asked to leave Windows and is not exportable, it is not the one that "
    "encrypted the data, or Windows cannot decrypt the keys of the account",
    codes=("NTE_BAD_KEY_STATE",),
    signs=(
        telling("key not valid for use in specified state"),
        telling("schlüssel ist im angegebenen status nicht gültig"),
        telling("schlüssel nicht gültig zur verwendung im angegebenen status"),
    ),
    causes=(
        Cause(
            id="data-of-another-account",
            title="DPAPI data of another node or another account",
            reason="what DPAPI encrypts for a user can be read on that machine by that user alone; behind a load "
            "balancer the "
            "next request goes elsewhere",
            points=(decisive("protecteddata.unprotect"), telling("dpapi"), telling("dataprotectionscope")),
            checks=(
                checks.linted("session-cookies", "section-by-node-key"),
                checks.pool_identity("another account than on the node that encrypted"),
            ),
        ),
        Cause(
            id="not-exportable",
            title="somebody exports a private key that is not exportable",
            reason="it was imported without Exportable, which is as it should be: a program must not ask for the "
            "private parameters, and a certificate is installed on other nodes from its PFX, not from a node",
            points=(
                decisive("exportpfx"),
                decisive("export-pfxcertificate"),
                decisive("pfxexportcertstore"),
                telling("exportparameters"),
                telling("x509certificate2.export"),
                telling("x509certificate.export"),
                telling("toxmlstring"),
                telling("exportkey"),
            ),
            checks=(
                checks.exportable("False"),
                checks.certificate_listed("Private key is NOT exportable"),
            ),
        ),
        Cause(
            id="import-into-unusable-store",
            title="a certificate is imported by an account whose own keys Windows cannot decrypt",
            reason="importing opens a container of that account, which fails so where its password has changed since "
            "its keys were encrypted; the PFX and its password are not to blame",
            points=(
                decisive("importpfx"),
                decisive("import-pfxcertificate"),
                decisive("pfximportcertstore"),
                decisive("import-pfx"),
            ),
            checks=(
                on_node(
                    "certutil -user -store My",
                    "the same error at other certificates, when it is run as the account that imports",
                ),
                here("openssl pkcs12 -in session.pfx -noout", "no error: the file and its password are right"),
            ),
        ),
        Cause(
            id="no-master-key",
            title="the profile with DPAPI's master keys is new, temporary or not loaded",
            reason="the pool's account got another profile, its SID changed, or its password was reset by force",
            points=(telling("protecteddata"), telling("loaduserprofile")),
            checks=(
                checks.profile_loaded("false"),
                checks.events(
                    "Application", "Microsoft-Windows-User Profiles Service", 1511, "a temporary profile was used"
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="replaces what depends on one account or node: session cookies by the machine key or a certificate, "
        "sections by a "
        "container that all nodes have; keys stay not exportable",
        spec=specs.SESSION_TOKENS,
        commands=(checks.LINT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        _CODES,
        _DPAPI,
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptexportkey",
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecontexta",
        "github.com/AzureAD/microsoft-authentication-library-for-dotnet/issues/1201",
    ),
)

BAD_DATA = Entry(
    id="bad-data",
    title="Bad Data: this key does not decrypt that",
    meaning="the data was encrypted with another key, or with another padding, or has been changed since",
    codes=("NTE_BAD_DATA",),
    signs=(telling("bad data", within=ABOUT_KEYS), telling("ungültige daten", within=ABOUT_KEYS)),
    causes=(
        Cause(
            id="other-key",
            title="the container of this node holds another key than the one that encrypted",
            reason="each node has made a key of its own: asking for the public key of a missing container makes one",
            points=(
                telling("failed to decrypt using provider"),
                telling("rsaprotectedconfigurationprovider"),
                telling("encryptedxml"),
            ),
            checks=(
                checks.drifted('"key: sha256:... → sha256:..." below key_containers, on the nodes that differ'),
                checks.drifted(
                    '"connectionStrings is encrypted with a key that is not declared", where it is the section\'s key '
                    "that differs"
                ),
            ),
        ),
        Cause(
            id="other-padding",
            title="encrypted with OAEP and decrypted without, or the other way round",
            reason="the program that encrypts and the one that decrypts do not agree on fOAEP",
            points=(telling("decryptkey"), telling("oaep")),
            checks=(
                checks.drifted('"as declared, nothing to do": it is not the key'),
                checks.opened("the container with its exchange key"),
            ),
        ),
        Cause(
            id="changed-data",
            title="the data was cut or changed on its way",
            reason="a column too short, a copy with line ends changed, or Base64 decoded twice",
            checks=(checks.drifted('"as declared, nothing to do": it is the data'),),
        ),
    ),
    remedy=_SAME_KEY,
    sources=(_CODES, "System.Configuration RSAProtectedConfigurationProvider (reference source)"),
)

ACCESS_DENIED = Entry(
    id="access-denied",
    title="Access is denied on a key",
    meaning="the key is there, and the access list of its container does not let this account use it",
    codes=("NTE_PERM", "ERROR_ACCESS_DENIED"),
    signs=(
        telling("access is denied", within=ABOUT_KEYS),
        telling("access denied", within=ABOUT_KEYS),
        telling("zugriff verweigert", within=ABOUT_KEYS),
        telling("could not access the rsa key container"),
    ),
    causes=(
        Cause(
            id="pool-cannot-read",
            title="the account of the application pool is not on the list",
            reason="the key was installed by an administrator, and a renewed certificate has a new key with a new list",
            points=(
                telling("could not access the rsa key container"),
                telling("get_privatekey"),
                telling("createprovhandle"),
            ),
            checks=(
                checks.access_list("no line for IIS AppPool\\Portal"),
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
            ),
        ),
        Cause(
            id="denied",
            title="an entry of the list denies it",
            reason="an entry that denies is stronger than any that allows, also by way of a group",
            checks=(
                checks.access_list("a line with AccessControlType Deny"),
                checks.drifted('"key readers: ... → remove what denies IIS AppPool\\Portal"'),
            ),
        ),
        Cause(
            id="folder",
            title="the list of the folder MachineKeys itself was changed",
            reason="then no container can be made any more, by anybody but administrators",
            points=(telling("_createcsp"),),
            checks=(
                on_node(
                    r'icacls "$env:ProgramData\Microsoft\Crypto\RSA\MachineKeys"',
                    "no line for Everyone with (R,W): Windows sets special rights for Everyone and full ones for "
                    "Administrators",
                ),
                checks.drifted('"key: absent → sha256:...", for containers that the application should have made'),
            ),
        ),
    ),
    remedy=Remedy(
        text="keeps the access list of each container and certificate exact on every node: SYSTEM, Administrators, "
        "and the readers that "
        "are declared; all others, also those that deny, are drift",
        spec=specs.CONTAINER,
        commands=(checks.DRIFT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        "learn.microsoft.com/troubleshoot/windows-server/certificates-and-public-key-infrastructure-pki/default-permissions-machinekeys-folders",
        "System.Web RegiisUtil (reference source)",
        "github.com/dsccommunity/CertificateDsc/issues/47",
    ),
)

BAD_PROVIDER_TYPE = Entry(
    id="bad-provider-type",
    title="Invalid provider type specified: the key is in CNG, the program asks CryptoAPI",
    meaning="X509Certificate2.PrivateKey of .NET Framework knows the older providers only; the key lies in a key "
    "storage provider",
    codes=("NTE_BAD_PROV_TYPE",),
    signs=(telling("invalid provider type specified"), telling("ungültiger anbietertyp")),
    causes=(
        Cause(
            id="key-in-cng",
            title="the key was imported into a key storage provider (CNG)",
            reason="the template of the authority, the program that made the request, or a newer Windows chose CNG",
            points=(
                strong("get_privatekey"),
                telling("x509certificate2.privatekey"),
                telling("x509utils._getkeypairhelper"),
            ),
            checks=(
                checks.certificate_listed("Provider = Microsoft Software Key Storage Provider"),
                checks.drifted('"private key: in key storage (CNG) ... → in container keydeploy-..."'),
            ),
        ),
        Cause(
            id="other-type",
            title="a container is opened with a provider type that does not fit its name",
            reason="CspParameters names a type (1, 12, 24) and a provider of another type",
            points=(telling("cspparameters"), telling("createprovhandle")),
            checks=(
                on_node("certutil -csplist", "the providers of this node, each with its type"),
                checks.opened("the container: with type 24 it opens"),
            ),
        ),
    ),
    remedy=Remedy(
        text="imports the key of every certificate into a container of Microsoft Enhanced RSA and AES Cryptographic "
        "Provider (type 24), "
        "which old and new ways of asking can use, on every node alike",
        spec=specs.CERTIFICATE,
        commands=(checks.DRIFT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        _CODES,
        "www.pkisolutions.com/accessing-and-using-certificate-private-keys-in-net-framework-net-core",
        "learn.microsoft.com/archive/blogs/boodablog/invalid-provider-type-specified-when-using-a-high-trust-cert-that-was-created-with-cng-in-a-provider-hosted-app",
    ),
)

BAD_ALGORITHM = Entry(
    id="bad-algorithm",
    title="Invalid algorithm specified: the provider is too old for it",
    meaning="providers of the types 1 and 12 cannot sign with SHA-256; type 24 can, also with the same key",
    codes=("NTE_BAD_ALGID",),
    signs=(telling("invalid algorithm specified"),),
    causes=(
        Cause(
            id="provider-of-type-1",
            title="the certificate's key was imported with an older provider",
            reason="the PFX names Microsoft Enhanced Cryptographic Provider v1.0, and Windows obeys it",
            checks=(
                checks.certificate_listed(
                    "Provider = Microsoft Enhanced Cryptographic Provider v1.0, or a Base or Strong one"
                ),
                checks.drifted('"private key: in container ... → in container keydeploy-..."'),
            ),
        ),
    ),
    remedy=Remedy(
        text="imports the key with type 24, whatever the PFX says",
        spec=specs.CERTIFICATE,
        commands=("keydeploy apply inventory.yml",),
    ),
    sources=(_CODES, "learn.microsoft.com/windows/win32/seccrypto/cryptographic-provider-types"),
)

ENTRIES = (BAD_KEY_STATE, BAD_DATA, ACCESS_DENIED, BAD_PROVIDER_TYPE, BAD_ALGORITHM)
