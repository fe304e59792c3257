"""Smart cards under many threads."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, Remedy, decisive, on_node, telling

_CSP = r"HKLM:\SOFTWARE\Microsoft\Cryptography\Defaults\Provider\Microsoft Base Smart Card Crypto Provider"
_KSP = r"HKLM:\SYSTEM\CurrentControlSet\Control\Cryptography\Providers\Microsoft Smart Card Key Storage Provider"

INVALID_HANDLE = Entry(
    id="invalid-handle",
    title="The handle is invalid, when keys of smart cards are used",
    meaning="the Base Smart Card CSP is not made for many threads: its transaction manager gives a handle away that "
    "another thread still uses",
    codes=("ERROR_INVALID_HANDLE", "NTE_INVALID_HANDLE", "SCARD_E_INVALID_HANDLE"),
    signs=(
        decisive("smart card", "the handle is invalid"),
        decisive("smart card", "error_invalid_handle"),
        decisive("basecsp", "handle"),
        decisive("scksp", "handle"),
        decisive("smartcard", "das handle ist ungültig"),
        telling("the handle is invalid", within=ABOUT_KEYS),
        telling("das handle ist ungültig", within=ABOUT_KEYS),
    ),
    causes=(
        Cause(
            id="card-under-load",
            title="many threads use a smart card at once",
            reason="calls that use the transaction manager (CryptGetKeyParam, CryptGetUserKey) come before another "
            "one's release of the context; "
            "it takes load, and time, to see it",
            points=(decisive("smart card"), decisive("basecsp"), decisive("scksp"), decisive("smartcard")),
            checks=(
                on_node(
                    f"Get-ItemProperty '{_CSP}' -Name TransactionTimeoutMilliseconds",
                    "1500 (or no such value: 1500 is the default)",
                ),
                on_node(
                    f"Get-ItemProperty '{_KSP}' -Name TransactionTimeoutMilliseconds",
                    "the same, for programs that use CNG",
                ),
                checks.drifted('"TransactionTimeoutMilliseconds: ... → 100"'),
            ),
        ),
        Cause(
            id="closed-by-the-program",
            title="no card is involved: the program uses a provider or key that it has disposed of",
            reason="an instance of RSACryptoServiceProvider is shared between threads, and one disposes of it",
            points=(telling("objectdisposedexception"), telling("safekeyhandle"), telling("safeprovhandle")),
            checks=(
                checks.certificate_listed(
                    "a provider that is none for cards: Microsoft Enhanced RSA and AES ..., or a software KSP"
                ),
                checks.events("Application", ".NET Runtime", 1026, "a trace without any method of smart cards"),
            ),
        ),
    ),
    remedy=Remedy(
        text="sets the transaction time-out of CSP and KSP; shorter makes the error rarer, without any guarantee, "
        "and other effects are possible: "
        "try it with the card on one node first. The old value, or its absence, is kept and restored by rollback",
        spec=specs.SMART_CARDS,
        commands=("keydeploy plan inventory.yml", "keydeploy apply inventory.yml", "keydeploy rollback inventory.yml"),
    ),
    sources=(
        "learn.microsoft.com/troubleshoot/windows-client/certificates-and-public-key-infrastructure-pki/0x6-error-invalid-handle-multithreaded-application",
        "learn.microsoft.com/windows/security/identity-protection/smart-cards/smart-card-group-policy-and-registry-settings",
    ),
)

ENTRIES = (INVALID_HANDLE,)
