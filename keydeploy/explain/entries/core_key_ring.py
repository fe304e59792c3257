"""The key ring of ASP.NET Core's Data Protection, which keydeploy does not manage."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Check, Entry, Remedy, decisive, on_node, strong, telling

_DOCS = "learn.microsoft.com/aspnet/core/security/data-protection"


def _ring(tells: str) -> Check:
    """List the keys of a ring by their names, which are ids and no secrets."""
    return on_node(
        r"Get-ChildItem C:\Users\Portal\AppData\Local\ASP.NET\DataProtection-Keys | Format-Table Name,LastWriteTime",
        tells,
    )


CORE_KEY_RING = Entry(
    id="core-key-ring",
    title="ASP.NET Core's Data Protection cannot read what another node, or an earlier process, has protected",
    meaning="cookies and antiforgery tokens of ASP.NET Core are protected with a key ring of its own, not with "
    "<machineKey>; keydeploy does not manage that ring",
    signs=(
        decisive("microsoft.aspnetcore.dataprotection"),
        decisive("was not found in the key ring"),
        decisive("aka.ms/dataprotectionwarning"),
        strong("the antiforgery token could not be decrypted"),
        strong("microsoft.aspnetcore.antiforgery", "exception"),
    ),
    causes=(
        Cause(
            id="own-ring",
            title="each node has a key ring of its own",
            reason="without PersistKeysTo..., the ring lies in the profile of the pool's account, in the registry of "
            "the node, or in memory; on a farm it must be one share or one database",
            points=(strong("was not found in the key ring"),),
            checks=(_ring("other files (key-....xml) than on the other nodes; or none: the ring lies elsewhere"),),
        ),
        Cause(
            id="in-memory",
            title="the ring is kept in memory and ends with the process",
            reason="the pool's account has no profile and no place in the registry, and each start makes a new ring",
            points=(
                decisive("in-memory repository"),
                decisive("ephemeral key repository"),
                telling("was not found in the key ring"),
            ),
            checks=(checks.profile_loaded("false"), checks.recycled("a new start shortly before the errors began")),
        ),
        Cause(
            id="other-application-name",
            title="the nodes share the ring, and the application has another name on each",
            reason="without SetApplicationName the name is the path of the application's folder; what was protected "
            "under one name is refused under another",
            points=(strong("the payload was invalid"),),
            checks=(checks.physical_path("another folder than on the other nodes, and no SetApplicationName in code"),),
        ),
        Cause(
            id="ring-not-readable",
            title="the ring is shared, and this node cannot decrypt the keys in it",
            reason="they are protected with DPAPI of another node or account, or with a certificate that this node has "
            "not",
            points=(
                decisive("xmlencryption"),
                decisive("dpapixmldecryptor"),
                strong("key not valid for use in specified state"),
            ),
            checks=(checks.certificate_listed("no certificate (that of ProtectKeysWithCertificate), or no key of it"),),
        ),
    ),
    remedy=Remedy(
        text="nothing about the ring itself, which the program configures: one place for all nodes "
        "(PersistKeysToFileSystem or another), one SetApplicationName, ProtectKeysWithCertificate. keydeploy can "
        "install that certificate on every node, readable by the pool",
        spec=specs.CERTIFICATE,
        commands=("keydeploy apply inventory.yml",),
    ),
    sources=(
        f"{_DOCS}/configuration/overview",
        f"{_DOCS}/configuration/default-settings",
        "learn.microsoft.com/aspnet/core/host-and-deploy/web-farm",
    ),
)

ENTRIES = (CORE_KEY_RING,)
