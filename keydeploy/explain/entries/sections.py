"""Sections of web.config that are encrypted and cannot be read."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Entry, Remedy, decisive, strong, telling

SECTION_NOT_DECRYPTED = Entry(
    id="section-not-decrypted",
    title="an encrypted section of web.config cannot be decrypted on this node",
    meaning="the provider that encrypted the section finds no key here, may not use it, or has another one; the "
    "application does not start",
    signs=(
        decisive("failed to decrypt using provider"),
        strong("the rsa key container could not be opened"),
        strong("fehler beim entschlüsseln mit dem anbieter"),
        strong("rsaprotectedconfigurationprovider", "exception"),
        strong("dpapiprotectedconfigurationprovider", "exception"),
    ),
    causes=(
        Cause(
            id="no-container",
            title="the container does not exist on this node",
            reason="web.config was copied, the key was not",
            points=(telling("the rsa key container could not be opened"), telling("keyset does not exist")),
            checks=(
                checks.opened("keyset does not exist, for an administrator too"),
                checks.drifted('"key: absent → sha256:..."'),
            ),
        ),
        Cause(
            id="not-readable",
            title="the container exists, and the account of the pool may not read it",
            reason="administrators can decrypt the section, the application cannot",
            points=(telling("the rsa key container could not be opened"), telling("access is denied")),
            checks=(
                checks.access_list("no line for IIS AppPool\\Portal"),
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
            ),
        ),
        Cause(
            id="other-key",
            title="the container of this node holds another key",
            reason="each node has made one of its own: encrypting with a missing container makes it",
            points=(decisive("bad data"), decisive("ungültige daten")),
            checks=(
                checks.drifted('"key: sha256:... → sha256:..." below key_containers, on the nodes that differ'),
                checks.drifted(
                    '"connectionStrings is encrypted with a key that is not declared", where it is the section\'s key '
                    "that differs"
                ),
            ),
        ),
        Cause(
            id="encrypted-by-dpapi",
            title="the section was encrypted with DPAPI on another machine",
            reason="DataProtectionConfigurationProvider uses keys of the machine or the user; such a file cannot be "
            "copied",
            points=(
                decisive("dataprotectionconfigurationprovider"),
                decisive("dpapiprotectedconfigurationprovider"),
                telling("key not valid for use in specified state"),
            ),
            checks=(
                checks.found_in_web_config(
                    r"configProtectionProvider=\"[^\"]*\"", "DataProtectionConfigurationProvider"
                ),
                checks.linted("section-by-node-key"),
            ),
        ),
        Cause(
            id="unknown-provider",
            title="the provider is not registered here, or names another container",
            reason="configProtectedData of this node's machine.config or web.config differs",
            points=(decisive("the protection provider", "was not found"), telling("configprotecteddata")),
            checks=(
                checks.drifted(
                    '"the provider PortalConfiguration is there and does not lead to the machine-wide container ...", '
                    'or "provider entry: absent → present"'
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="puts the same key on all nodes, lets the pools of the applications that need it use it, and encrypts "
        "the declared sections with it "
        "at the same instant",
        spec=specs.SECTIONS,
        commands=("keydeploy plan inventory.yml", "keydeploy apply inventory.yml"),
    ),
    sources=(
        "System.Configuration RSAProtectedConfigurationProvider, ProtectedConfigurationSection (reference source)",
        "learn.microsoft.com/previous-versions/aspnet/dtkwfdky(v=vs.100)",
    ),
)

ENTRIES = (SECTION_NOT_DECRYPTED,)
