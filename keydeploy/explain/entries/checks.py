"""Commands that settle causes, each in one place; all of them only read.

PowerShell of the node, as administrator. `PortalConfiguration`, `Portal` and the like stand for the user's own names.
What keydeploy itself prints is quoted as it prints it; `...` stands for what differs from case to case.
Sources: learn.microsoft.com/windows-server/administration/windows-commands/certutil (-key: machine keys unless -user;
-csplist), .NET's CspParameters (UseExistingKey never creates a container), appcmd and netsh help.
"""

from keydeploy.explain.model import Check, here, on_node

_OPEN = (
    "$c = New-Object Security.Cryptography.CspParameters 24; $c.KeyContainerName = 'PortalConfiguration'; "
    "$c.Flags = 'UseMachineKeyStore,UseExistingKey,NoPrompt'; "
    "$k = (New-Object Security.Cryptography.RSACryptoServiceProvider $c).CspKeyContainerInfo; $k | Format-List; "
    "$k.CryptoKeySecurity.Access | Format-Table IdentityReference,AccessControlType,CryptoKeyRights"
)
"""One command for all that is to be known of a container: what it is, whether it may be exported, who may use it."""
_APPCMD = r'& "$env:windir\system32\inetsrv\appcmd.exe"'
_POOL = f'{_APPCMD} list apppool "Portal" /text:'
_RECYCLINGS = "5074,5075,5076,5077,5078,5079,5080,5081,5117,5186"
"""By time, requests, schedule, virtual memory, an ISAPI module, a person, changed or wrong configuration, private
memory; and for want of work. Source: IIS Application Pool Recycling, Microsoft TechNet cc735206."""
_PLAN = "keydeploy plan inventory.yml"
DRIFT = "keydeploy drift inventory.yml"
LINT = "keydeploy lint inventory.yml"
_LINT_FOLDER = "keydeploy lint PATH"


def opened(tells: str) -> Check:
    """Open a machine-wide container that exists, and show it."""
    return on_node(_OPEN, tells)


def listed(tells: str) -> Check:
    """List a machine-wide container by name."""
    return on_node("certutil -key PortalConfiguration", tells)


def opened_by_user(tells: str) -> Check:
    """Open a container of the user's own store that exists, and show it."""
    return on_node("certutil -user -key PortalConfiguration", tells)


def access_list(tells: str) -> Check:
    """Show who may use the key of a machine-wide container."""
    return on_node(_OPEN, tells)


def exportable(value: str) -> Check:
    """Tell whether the key of a machine-wide container may be exported."""
    return on_node(_OPEN, f"Exportable : {value}")


def certificate_listed(tells: str) -> Check:
    """Show a certificate of the machine's store with its provider, container, and a test of its key."""
    return on_node("certutil -store My THUMBPRINT", tells)


def certificate_of_user(tells: str) -> Check:
    """Show the same certificate in the user's own store."""
    return on_node("certutil -user -store My THUMBPRINT", tells)


def https_bindings(tells: str) -> Check:
    """Show which certificate HTTP.sys serves at which port."""
    return on_node("netsh http show sslcert", tells)


def profile_loaded(tells: str) -> Check:
    """Tell whether Windows loads the profile of a pool's account."""
    return on_node(f"{_POOL}processModel.loadUserProfile", tells)


def pool_identity(tells: str) -> Check:
    """Tell as whom a pool runs."""
    return on_node(f"{_POOL}processModel.identityType", tells)


def physical_path(tells: str) -> Check:
    """Tell in which folder an application lies."""
    return on_node(f'{_APPCMD} list vdir "Default Web Site/portal/" /text:physicalPath', tells)


def runtime(tells: str) -> Check:
    """Tell which .NET a pool loads."""
    return on_node(f"{_POOL}managedRuntimeVersion", tells)


def found_in_web_config(pattern: str, tells: str) -> Check:
    """Show what of an application's web.config matches *pattern*, which matches no secret."""
    path = r"C:\inetpub\wwwroot\portal\web.config"
    matching = f"Select-String -Path {path} -Pattern '{pattern}' -AllMatches | ForEach-Object {{ $_.Matches.Value }}"
    return on_node(matching, tells)


def impersonation(tells: str) -> Check:
    """Tell whether an application impersonates its callers."""
    command = (
        r"(Get-WebConfigurationProperty -PSPath 'IIS:\Sites\Default Web Site\portal' "
        "-Filter system.web/identity -Name impersonate).Value"
    )
    return on_node(command, tells)


def events(log: str, source: str, number: int, tells: str) -> Check:
    """Show the last events of a kind."""
    return on_node(_events(log, source, str(number)), tells)


def recycled(tells: str) -> Check:
    """Show why and when pools began anew lately, as far as their settings let Windows write it down."""
    return on_node(_events("System", "Microsoft-Windows-WAS", _RECYCLINGS), tells)


def _events(log: str, source: str, numbers: str) -> str:
    filtered = f"@{{LogName='{log}'; ProviderName='{source}'; Id={numbers}}}"
    return f"Get-WinEvent -FilterHashtable {filtered} -MaxEvents 20 | Format-List TimeCreated,Message"


def drifted(tells: str) -> Check:
    """Compare every node with what is declared."""
    return here(DRIFT, tells)


def planned(tells: str) -> Check:
    """Show what apply would change."""
    return here(_PLAN, tells)


def linted(*rules: str) -> Check:
    """Look at the configuration files of the nodes; *rules* are the ids of those that find the cause."""
    return here(LINT, _findings(rules))


def linted_in_folder(*rules: str) -> Check:
    """Look at all configuration files of a folder; *rules* are the ids of those that find the cause."""
    return here(_LINT_FOLDER, _findings(rules))


def unreadable_in_folder() -> Check:
    """Look for configuration files of a folder that nobody can read."""
    return here(_LINT_FOLDER, '"not looked at: ...: not well-formed XML...", with the file and the place')


def _findings(rules: tuple[str, ...]) -> str:
    *others, last = (f'"[{rule}]"' for rule in rules)
    return f"a finding {', '.join(others)} or {last}" if others else f"a finding {last}"
