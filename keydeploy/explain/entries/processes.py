"""Processes that end, and requests that fail, because of a key."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Check, Entry, EventSign, Remedy, Weight, decisive, here, telling, weak

_CRASH = "www.tessferrandez.com/blog/2007/10/31/aspnet-crash-system-security-cryptography.html"
_1009 = "blogs.iis.net/brian-murphy-booth/how-to-troubleshoot-an-iis-event-id-1009-error"
_WAS = "learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2008-R2-and-2008/cc735151(v=ws.10)"


def _configuration_events(tells: str) -> Check:
    return checks.events("Application", "ASP.NET 4.0.30319.0", 1310, tells)


EPHEMERAL_KEY = Entry(
    id="ephemeral-key",
    title="a temporary key is freed by another account, and the worker process dies",
    meaning="an RSA object without a container name keeps its key in the profile of whoever was impersonated; the "
    "finalizer runs "
    "as the account of the process, does not find it, and the unhandled exception ends the process (events 1334, "
    "5000, 1009)",
    signs=(
        decisive("safeprovhandle._freecsp"),
        decisive("safeprovhandle.freecsp"),
        decisive("_freecsp", "finalize"),
        decisive("safehandle.internalfinalize", "cryptographicexception"),
    ),
    causes=(
        Cause(
            id="impersonation",
            title="the application impersonates its callers and makes a key without a name",
            reason="the key was made as the caller and is deleted as the pool's account",
            points=(decisive("freecsp"),),
            checks=(
                checks.impersonation("True; code that calls WindowsIdentity.Impersonate does not show here"),
                checks.linted("impersonation"),
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1334,
                    "SafeProvHandle.FreeCsp in the trace (.NET 2.0: ASP.NET 2.0.50727.0, _FreeCSP)",
                ),
            ),
        ),
        Cause(
            id="profile-gone",
            title="the profile that holds the temporary key is no longer loaded",
            reason="the caller's last session ended, or the pool runs without the profile of its account",
            checks=(
                checks.profile_loaded("false"),
                checks.events(
                    "Application",
                    "Microsoft-Windows-User Profiles Service",
                    1530,
                    "a registry file that was unloaded while it was in use, and by whom",
                ),
            ),
        ),
        Cause(
            id="deleted-twice",
            title="two objects share a container, and each deletes it (PersistKeyInCsp = false)",
            reason="the first one to be disposed of takes the key away, and the second finds none",
            checks=(
                checks.opened("keyset does not exist, although the application made it not long ago"),
                checks.drifted('"key: absent → sha256:...", again and again'),
            ),
        ),
    ),
    remedy=Remedy(
        text="provides a named container of the machine that the pool's account and the callers may read, so that "
        "no key lives in "
        "a profile; the application opens it by name with UseMachineKeyStore, or disposes of temporary keys while "
        "it still impersonates",
        spec=specs.CONTAINER_OF_CALLERS,
        commands=(checks.LINT, "keydeploy apply inventory.yml"),
    ),
    sources=(
        _CRASH,
        "mscorlib SafeProvHandle: _FreeCSP in .NET 2.0, FreeCsp since 4 (reference source)",
        "learn.microsoft.com/archive/blogs/dsnotes/more-on-user-profile-service-functionality",
    ),
)

WORKER_PROCESS_DIED = Entry(
    id="worker-process-died",
    title="a worker process ended unexpectedly",
    meaning="the event tells that a process ended, not why; it is about keys only where an exception beside it says so",
    events=(
        EventSign(Weight.WEAK, 1334, "asp.net"),
        EventSign(Weight.WEAK, 5000, ".net runtime 2.0 error reporting"),
        EventSign(Weight.WEAK, 1009, "w3svc"),
        EventSign(Weight.WEAK, 5009, "microsoft-windows-was"),
        EventSign(Weight.WEAK, 5011, "microsoft-windows-was"),
        EventSign(Weight.WEAK, 1026, ".net runtime"),
    ),
    of_process=True,
    causes=(
        Cause(
            id="ephemeral-key",
            title="a temporary key was freed by another account",
            reason="event 1334 or 1026 a moment before names CryptographicException and SafeProvHandle.FreeCsp: "
            "see keydeploy explain ephemeral-key",
            points=(telling("system.security.cryptography.cryptographicexception"), telling("mscorlib", "clr20r3")),
            checks=(
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1334,
                    "SafeProvHandle.FreeCsp in the trace (.NET 2.0: ASP.NET 2.0.50727.0, _FreeCSP)",
                ),
                checks.events("Application", ".NET Runtime", 1026, "the unhandled exception with its trace (.NET 4)"),
            ),
        ),
        Cause(
            id="something-else",
            title="the process ended for a reason that has nothing to do with keys",
            reason="an unhandled exception of the application, a crash of native code, or a debugger",
            checks=(
                checks.events("Application", ".NET Runtime", 1026, "an exception of another kind, at the same time"),
                checks.events("System", "Microsoft-Windows-WAS", 5009, "the pool, and the exit code of the process"),
            ),
        ),
    ),
    remedy=Remedy(
        text="keydeploy explain reads the exported log as a whole and puts each end of a process beside the "
        "exception that caused it",
        commands=("keydeploy explain application.evtx",),
    ),
    sources=(_CRASH, _1009, _WAS),
)

REQUEST_FAILED = Entry(
    id="request-failed",
    title="a request ended with an unhandled exception",
    meaning="ASP.NET's event 1309 (event code 3005) reports one failed request; what failed stands in it as "
    "exception type and message",
    events=(EventSign(Weight.WEAK, 1309, "asp.net"),),
    of_process=True,
    causes=(
        Cause(
            id="told-in-the-event",
            title="the exception in the event concerns keys",
            reason="its type is CryptographicException, HttpException about view state, or its message begins with "
            "an id of WIF",
            checks=(
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1309,
                    "exception type and message; the text may be given to explain",
                ),
                here("keydeploy explain application.xml", "all events of the exported log, by cause"),
            ),
        ),
    ),
    remedy=Remedy(
        text="keydeploy explain takes the whole text of the event, or the exported log, and finds the cause in it",
        commands=("keydeploy explain application.evtx",),
    ),
    sources=(
        "port135.com/cryptographicexception-the-data-is-invalid-error",
        "learn.microsoft.com/dotnet/api/system.web.management.webeventcodes",
    ),
)

CONFIGURATION_ERROR = Entry(
    id="configuration-error",
    title="ASP.NET cannot read the configuration of an application",
    meaning="ASP.NET's event 1310 (event code 3008) tells that a configuration file was refused; which section, and "
    "why, stands in it as exception type and message",
    events=(EventSign(Weight.WEAK, 1310, "asp.net"),),
    signs=(weak("event code: 3008"), weak("event code 3008")),
    of_process=True,
    causes=(
        Cause(
            id="section-not-decrypted",
            title="an encrypted section cannot be decrypted on this node",
            reason='the message begins with "Failed to decrypt using provider": keydeploy explain '
            "section-not-decrypted",
            points=(decisive("failed to decrypt using provider"),),
            checks=(_configuration_events("Failed to decrypt using provider, and the section"),),
        ),
        Cause(
            id="machine-key-refused",
            title="the machineKey has a key or an algorithm that ASP.NET does not take",
            reason="the message names the validation or decryption key: keydeploy explain machine-key-refused",
            checks=(
                _configuration_events("validation key, decryption key, or the attribute of machineKey"),
                checks.linted("invalid-key", "invalid-setting", "key-length"),
            ),
        ),
        Cause(
            id="something-else",
            title="the file is wrong in another way, which is no matter of keys",
            reason="a section that this node does not know, a misspelt attribute, XML that is not well-formed",
            checks=(
                _configuration_events("a message about anything else"),
                checks.unreadable_in_folder(),
            ),
        ),
    ),
    remedy=Remedy(
        text="keydeploy explain takes the whole text of the event, or the exported log, and finds the cause in it; "
        "lint finds such faults before they are deployed",
        commands=("keydeploy explain application.evtx", checks.LINT),
    ),
    sources=("learn.microsoft.com/dotnet/api/system.web.management.webeventcodes",),
)

CRYPTOGRAPHIC_EXCEPTION = Entry(
    id="cryptographic-exception",
    title="a cryptographic exception whose message is not known here",
    meaning="Windows or .NET refused a cryptographic operation; the message is in another language or of another "
    "program, "
    "and the number behind it, the HRESULT, says what it is",
    signs=(weak("cryptographicexception"), weak("system.security.cryptography.")),
    causes=(
        Cause(
            id="message-not-known",
            title="the message is localised, or was shortened",
            reason="the same exception has one HRESULT in every language",
            checks=(
                checks.events(
                    "Application", "ASP.NET 4.0.30319.0", 1309, "the whole exception with the methods that were called"
                ),
                here("keydeploy explain 0x80090016", "the causes of a number, such as this one"),
            ),
        ),
    ),
    remedy=Remedy(
        text="keydeploy doctor and drift look at the nodes themselves, whatever language they speak",
        commands=("keydeploy doctor inventory.yml", checks.DRIFT),
    ),
    sources=("learn.microsoft.com/dotnet/api/system.security.cryptography.cryptographicexception",),
)

ENTRIES = (EPHEMERAL_KEY, WORKER_PROCESS_DIED, REQUEST_FAILED, CONFIGURATION_ERROR, CRYPTOGRAPHIC_EXCEPTION)
