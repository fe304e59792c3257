"""Named key containers: not there, there already, out of reach."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, Remedy, decisive, strong, telling

_THREADS = "learn.microsoft.com/archive/blogs/alejacma/threading-issues-with-rsacryptoserviceprovider"
_PROVISIONED = Remedy(
    text="puts the same key into a named container of the machine on every node before the application starts, not "
    "exportable, with an exact access list, and tells what is missing or differs",
    spec=specs.CONTAINER,
    commands=(
        "keydeploy generate container-key --name vault_configuration_key --format vault",
        "keydeploy apply inventory.yml",
    ),
)

BAD_KEYSET = Entry(
    id="bad-keyset",
    title="Keyset does not exist",
    meaning="Windows found no key container of that name that this account may open; one that exists but may not be "
    "read looks the same as one that does not exist",
    codes=("NTE_BAD_KEYSET",),
    signs=(
        telling("keyset does not exist"),
        telling("schlüsselsatz ist nicht vorhanden"),
        telling("schlüsselsatz existiert nicht"),
        telling("the rsa key container was not found"),
    ),
    causes=(
        Cause(
            id="absent",
            title="the container does not exist on this node",
            reason="nobody has made it here, or a program deleted it when it disposed of its key (PersistKeyInCsp = "
            "false)",
            points=(
                telling("the rsa key container was not found"),
                telling("createprovhandle"),
                telling("rsacryptoserviceprovider..ctor"),
            ),
            checks=(
                checks.listed("no container of that name, for an administrator too"),
                checks.drifted('"key: absent → sha256:...", on the nodes that have no such container'),
            ),
        ),
        Cause(
            id="not-readable",
            title="the container exists, but this account may not read it",
            reason="the access list names another account than the one that the application pool runs as",
            points=(
                telling("access is denied"),
                telling("zugriff verweigert"),
                decisive("get_privatekey"),
                decisive("getrsaprivatekey"),
            ),
            checks=(
                checks.access_list("a list without the account of the pool, such as IIS AppPool\\Portal"),
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
            ),
        ),
        Cause(
            id="user-store",
            title="the key is in the store of a user, not in the machine's",
            reason="it was made or imported without UseMachineKeyStore (for a PFX: MachineKeySet), so that only "
            "that user has it",
            points=(telling("useuserkeyset"), telling("get_privatekey")),
            checks=(checks.opened_by_user("the container, when it is run as the user who made it"),),
        ),
        Cause(
            id="certificate-without-key",
            title="the certificate is in the store, but its key is gone or was never in the machine's store",
            reason="a PFX opened without PersistKeySet loses its key file with the object; a certificate that was "
            "dragged from a user's store into the machine's leaves its key behind",
            points=(telling("x509certificate2"), decisive("get_privatekey"), decisive("getrsaprivatekey")),
            checks=(
                checks.certificate_listed(
                    "no line Unique container name, or a line that says the key could not be found"
                ),
                checks.drifted(
                    '"private key: absent → in container ...", "private key: cannot be used → signs" or '
                    '"private key: of one account only, which no service can use → ..."'
                ),
            ),
        ),
        Cause(
            id="ephemeral-key",
            title="a key without a name was made while impersonating and is freed by the process's own account",
            reason="the temporary key lives in the profile of the caller; the finalizer runs as the pool's account, "
            "and the exception ends the process: keydeploy explain ephemeral-key",
            points=(decisive("freecsp"), telling("safeprovhandle"), telling("internalfinalize")),
            checks=(
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1334,
                    "SafeProvHandle.FreeCsp in the trace (.NET 2.0: ASP.NET 2.0.50727.0, _FreeCSP)",
                ),
            ),
        ),
        Cause(
            id="no-profile",
            title="the profile of the pool's account is not loaded",
            reason="keys of a user's store lie in the profile; without it there is no store to look in",
            points=(telling("protecteddata"), telling("loaduserprofile")),
            checks=(
                checks.profile_loaded("false"),
                checks.linted("user-profile"),
            ),
        ),
    ),
    remedy=_PROVISIONED,
    sources=(
        "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecontexta",
        "learn.microsoft.com/archive/blogs/webtopics/ssl-stops-working-in-iis7",
        _THREADS,
    ),
)

KEY_EXISTS = Entry(
    id="key-exists",
    title="Object already exists: a container could neither be opened nor made",
    meaning="RSACryptoServiceProvider opens a named container and makes it when it cannot; the two steps are not "
    "one, and the "
    "second one failed because the container is there",
    codes=("NTE_EXISTS",),
    signs=(
        telling("object already exists", within=ABOUT_KEYS),
        telling("objekt ist bereits vorhanden", within=ABOUT_KEYS),
        telling("the rsa key container already exists"),
        strong("could not be acquired", "cryptographic service provider"),
        strong("_createcsp"),
    ),
    causes=(
        Cause(
            id="race",
            title="two threads make the same missing container at once",
            reason="under load, one thread's create fails because another's has just succeeded; or two keys come "
            "into being, "
            "and what was encrypted with the first can no longer be read",
            points=(
                strong("could not be acquired", "cryptographic service provider"),
                telling("createprovhandle"),
                telling("_createcsp"),
                telling("rsacryptoserviceprovider..ctor"),
            ),
            checks=(
                checks.opened(
                    "the container, now that a thread has made it; the error is gone until the next recycling"
                ),
                checks.drifted(
                    '"key: sha256:... → sha256:...", or "key: absent → sha256:..." where no thread has made it'
                ),
            ),
        ),
        Cause(
            id="not-readable",
            title="the container exists, but this account may not open it",
            reason="opening failed for want of rights, which looks like absence, and making it failed because it is "
            "there",
            points=(telling("access is denied"), telling("zugriff verweigert")),
            checks=(
                checks.access_list(
                    "a list without the account of the pool; the error comes every time, not only under load"
                ),
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
            ),
        ),
        Cause(
            id="made-before",
            title="somebody has made it before: aspnet_regiis -pc does not replace a container",
            reason="an earlier installation, or another account, owns the container",
            points=(decisive("the rsa key container already exists"), telling("aspnet_regiis")),
            checks=(
                checks.access_list("the account that made it"),
                checks.planned(
                    '"key_containers.PortalConfiguration: update" with what apply would change, such as '
                    '"key: sha256:... → sha256:..."'
                ),
            ),
        ),
    ),
    remedy=_PROVISIONED,
    sources=(
        _THREADS,
        "learn.microsoft.com/windows/win32/seccrypto/threading-issues-with-cryptographic-service-providers",
    ),
)

NO_KEY = Entry(
    id="no-key",
    title="Key does not exist: the container holds no key of this kind",
    meaning="the container was opened, but it has no key of the asked-for kind: AT_KEYEXCHANGE (1) or AT_SIGNATURE (2)",
    codes=("NTE_NO_KEY",),
    signs=(telling("key does not exist", within=ABOUT_KEYS),),
    causes=(
        Cause(
            id="other-kind",
            title="the key was made for signing, and is asked to decrypt, or the other way round",
            reason="KeyNumber was not the same when the key was made and when it is used",
            checks=(
                checks.opened("NTE_NO_KEY again for the exchange key, or KeyNumber : Exchange where it is there"),
                checks.drifted('"key is for: signatures alone → encryption and signatures"'),
            ),
        ),
        Cause(
            id="empty",
            title="the container is empty",
            reason="it was made with CRYPT_NEWKEYSET and no key was generated or imported",
            checks=(checks.opened("no key of either kind"), checks.drifted('"key: without a key → sha256:..."')),
        ),
    ),
    remedy=_PROVISIONED,
    sources=("learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptgetuserkey",),
)

ENTRIES = (BAD_KEYSET, KEY_EXISTS, NO_KEY)
