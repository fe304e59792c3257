"""Keys and DPAPI data that need the profile of an account, or somebody at the screen."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, Remedy, strong, telling

_CODES = "learn.microsoft.com/windows/win32/com/com-error-codes-4"
_LOADED = Remedy(
    text="sets loadUserProfile of the pool where the spec asks for it, and rather makes it needless: keys in "
    "containers of the machine, "
    "session cookies by the machine key or a certificate",
    spec=specs.PROFILE,
    commands=(checks.LINT, "keydeploy apply inventory.yml"),
)

KEY_FILE_NOT_FOUND = Entry(
    id="key-file-not-found",
    title="The system cannot find the file specified, when a key is used",
    meaning="Windows looked for a file with a key or with DPAPI's master keys, and it is not there",
    codes=("ERROR_FILE_NOT_FOUND",),
    signs=(
        telling("the system cannot find the file specified", within=ABOUT_KEYS),
        telling("das system kann die angegebene datei nicht finden", within=ABOUT_KEYS),
    ),
    causes=(
        Cause(
            id="no-profile",
            title="the profile of the pool's account is not loaded",
            reason="DPAPI of the user, and keys of a user's store, live in the profile; that of a caller who is "
            "impersonated is not loaded either",
            points=(
                strong("protecteddata"),
                telling("x509certificate2..ctor"),
                telling("loadcertificatefromblob"),
                strong("createprovhandle"),
                telling("rsacryptoserviceprovider"),
            ),
            checks=(
                checks.profile_loaded("false"),
                checks.linted("user-profile"),
            ),
        ),
        Cause(
            id="no-machine-store",
            title="a PFX is opened in code without MachineKeySet",
            reason="its key goes into the store of a user who has none here",
            points=(telling("x509certificate2..ctor"), telling("loadcertificatefromblob")),
            checks=(
                checks.certificate_listed(
                    "the certificate with its key, where it is installed instead of being opened from a file"
                ),
                checks.profile_loaded("false"),
            ),
        ),
    ),
    remedy=_LOADED,
    sources=(
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecontexta",
        "blog.dotsmart.net/2011/01/26/solved-windows-identity-foundation-the-system-cannot-find-the-file-specified",
        "learn.microsoft.com/archive/blogs/spatdsg/wsfederationauthenticationmodule-wsfam-cryptographicexception-auth-failure",
    ),
)

TEMPORARY_PROFILE = Entry(
    id="temporary-profile",
    title="The profile for the user is a temporary profile",
    meaning="Windows gave the account a profile that it will throw away, and refuses to keep a key in it",
    codes=("NTE_TEMPORARY_PROFILE",),
    signs=(strong("the profile for the user is a temporary profile"),),
    causes=(
        Cause(
            id="damaged-profile",
            title="the profile of the account could not be loaded",
            reason="its folder is gone, damaged or not accessible, and Windows made a temporary one in its place",
            checks=(
                checks.events(
                    "Application", "Microsoft-Windows-User Profiles Service", 1511, "a temporary profile was used"
                ),
                checks.pool_identity("the account whose profile it is"),
            ),
        ),
        Cause(
            id="user-store",
            title="the key need not be in a profile at all",
            reason="the application opens its container without UseMachineKeyStore",
            checks=(checks.opened("the container, where the machine has one of that name"),),
        ),
    ),
    remedy=Remedy(
        text="provides the key in a container of the machine, which needs no profile",
        spec=specs.CONTAINER,
        commands=("keydeploy apply inventory.yml",),
    ),
    sources=(
        _CODES,
        "helgeklein.com/blog/2011/11/temporary-user-profiles",
        "github.com/MicrosoftDocs: Can't sign into your account when you try to connect to an Azure Windows VM (1511)",
    ),
)

SILENT_CONTEXT = Entry(
    id="silent-context",
    title="Provider could not perform the action since the context was acquired as silent",
    meaning="the key wants to ask somebody (a PIN, or consent to its use), and a service has no screen",
    codes=("NTE_SILENT_CONTEXT",),
    signs=(strong("context was acquired as silent"),),
    causes=(
        Cause(
            id="strong-protection",
            title="the key was imported with strong protection (a prompt at every use)",
            reason="that box of the import wizard is for people, not for services",
            checks=(
                checks.certificate_listed("the certificate, and a test of its key that asks or fails"),
                checks.drifted('"private key: in container ... → in container keydeploy-..."'),
            ),
        ),
        Cause(
            id="card",
            title="the key is on a smart card that wants its PIN",
            reason="a service cannot enter it",
            points=(telling("smart card"), telling("scksp")),
            checks=(
                checks.certificate_listed("Provider = Microsoft Base Smart Card Crypto Provider, or a KSP for cards"),
            ),
        ),
    ),
    remedy=Remedy(
        text="imports keys of certificates without any prompt into containers of the machine",
        spec=specs.CERTIFICATE,
        commands=("keydeploy apply inventory.yml",),
    ),
    sources=(_CODES, "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecontexta"),
)

ENTRIES = (KEY_FILE_NOT_FOUND, TEMPORARY_PROFILE, SILENT_CONTEXT)
