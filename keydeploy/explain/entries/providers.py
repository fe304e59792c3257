"""Providers that are not there, and containers that are damaged."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Entry, Remedy, on_node, telling

_ACQUIRE = "learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptacquirecontexta"
_CODES = "learn.microsoft.com/windows/win32/com/com-error-codes-4"

PROVIDER_NOT_FOUND = Entry(
    id="provider-not-found",
    title="the cryptographic provider that is asked for is not there, or does not start",
    meaning="a key belongs to a provider (CSP), and Windows found none of that name or type, or could not load it: it "
    "is not the key that is missing",
    codes=("NTE_KEYSET_NOT_DEF", "NTE_PROV_TYPE_NOT_DEF", "NTE_PROV_DLL_NOT_FOUND", "NTE_PROVIDER_DLL_FAIL"),
    signs=(
        telling("the keyset is not defined"),
        telling("provider type not defined"),
        telling("provider dll could not be found"),
        telling("provider dll failed to initialize correctly"),
    ),
    causes=(
        Cause(
            id="not-installed",
            title="the provider of a vendor is not installed on this node, or not for 32-bit processes",
            reason="a certificate or a program names the provider of a card, a token or a security module",
            checks=(
                on_node("certutil -csplist", "no provider of that name, or an error at it"),
                checks.certificate_listed("Provider = one that the list of this node has not"),
            ),
        ),
        Cause(
            id="other-name",
            title="the program names a provider or a type that Windows does not have",
            reason="CspParameters has a misspelt name, or a type that belongs to no provider",
            checks=(
                on_node("certutil -csplist", "all names and types; that of the program is not among them"),
                checks.opened("the container, by the provider that keydeploy uses (type 24)"),
            ),
        ),
    ),
    remedy=Remedy(
        text="puts keys into containers of Microsoft Enhanced RSA and AES Cryptographic Provider (type 24), which "
        "every Windows has; it installs no provider",
        spec=specs.CERTIFICATE,
        commands=("keydeploy doctor inventory.yml", checks.DRIFT),
    ),
    sources=(_ACQUIRE, _CODES),
)

DAMAGED_CONTAINER = Entry(
    id="damaged-container",
    title="Keyset as registered is invalid: the container was found and is damaged",
    meaning="the file of the container is there, and the provider cannot read it",
    codes=("NTE_KEYSET_ENTRY_BAD",),
    signs=(telling("keyset as registered is invalid"),),
    causes=(
        Cause(
            id="damaged-file",
            title="the file of the container is empty, cut, or of another machine",
            reason="files below MachineKeys cannot be copied between nodes: their names and contents belong to one",
            checks=(
                checks.opened("the same error, for an administrator too"),
                on_node(
                    r"Get-ChildItem $env:ProgramData\Microsoft\Crypto\RSA\MachineKeys | "
                    "Format-Table Name,Length,LastWriteTime",
                    "a file of length 0, or one whose name ends with the machine's id of another node",
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="puts the declared key into the container of every node through the provider, never by copying a file",
        spec=specs.CONTAINER,
        commands=("keydeploy plan inventory.yml", "keydeploy apply inventory.yml"),
    ),
    sources=(_ACQUIRE, "learn.microsoft.com/windows/win32/seccng/key-storage-and-retrieval"),
)

ENTRIES = (PROVIDER_NOT_FOUND, DAMAGED_CONTAINER)
