"""What the machine key protects and another node refuses: view state, tickets, tokens against forgery."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import (
    Cause,
    Check,
    Entry,
    EventSign,
    Remedy,
    Weight,
    decisive,
    here,
    strong,
    telling,
    weak,
)

_SOURCES = "System.Web.txt (messages of .NET Framework 4.8, reference source)"
_KB = "support.microsoft.com/help/2915218"
_SAME_KEYS = Remedy(
    text="gives all nodes one explicit machine key at one instant, renders validation, decryption, "
    "compatibilityMode and both keys, "
    "proves that they are equal without showing them, and says what a rotation invalidates",
    spec=specs.MACHINE_KEY,
    commands=(checks.LINT, "keydeploy apply inventory.yml", checks.DRIFT),
)


def _status(tells: str) -> Check:
    return here("keydeploy status inventory.yml", tells)


_DIFFERENT_KEYS = Cause(
    id="different-keys",
    title="the nodes have different machine keys",
    reason="one node has another key, or all have AutoGenerate, which makes a key of its own on each node and for "
    "each account",
    points=(telling("web farm or cluster"), telling("autogenerate cannot be used")),
    checks=(
        checks.drifted(
            '"applications.portal.machine_key: update" with "validationKey: another key → ..." or '
            '"validationKey: automatic → ...", on the nodes that differ'
        ),
        checks.linted(
            "automatic-key", "automatic-key-by-default", "key-differs-between-nodes", "key-differs-between-runtimes"
        ),
    ),
)
_DIFFERENT_MODES = Cause(
    id="different-modes",
    title="the keys are equal, the format is not",
    reason="compatibilityMode is inherited from targetFramework in one application and stated in another, or the "
    "algorithms differ",
    checks=(
        checks.linted(
            "compatibility-mode-inferred", "compatibility-mode-differs", "compatibility-mode-differs-between-nodes"
        ),
        checks.drifted(
            '"compatibilityMode: ... → Framework45" or "validation: ... → HMACSHA256", on the nodes that differ'
        ),
    ),
)
_CHANGED_KEYS = Cause(
    id="changed-keys",
    title="the key has changed since the page or the ticket was made",
    reason="there is one machine key and no ring: after a rotation, all that is about is of the old key",
    checks=(
        _status("a run that ended shortly before the errors began"),
        checks.drifted('"as declared, nothing to do": all nodes have the new key'),
    ),
)
_ISOLATED = Cause(
    id="isolated-keys",
    title="IsolateApps or IsolateByAppId makes another key for each application",
    reason="the key depends on the virtual path, or on the id of the application, which differ between sites and nodes",
    points=(telling("isolateapps"), telling("isolatebyappid")),
    checks=(
        checks.linted("isolate-modifier"),
        checks.drifted('"validationKey: automatic → machine_keys.portal.validation_key": the declared one is explicit'),
    ),
)

VIEW_STATE_MAC = Entry(
    id="view-state-mac",
    title="Validation of viewstate MAC failed",
    meaning="the view state that came back was signed with another key, or for another page, than this node checks "
    "it with",
    signs=(
        decisive("validation of viewstate mac failed"),
        decisive("viewstateexception.throwmacvalidationerror"),
        strong("viewstate verification failed"),
        strong("the viewstate supplied failed integrity check"),
        strong("viewstateexception.throwerror"),
        strong("event code: 4009"),
        strong("event code 4009"),
        telling("the state information is invalid for this page and might be corrupted"),
        weak("viewstateexception"),
    ),
    events=(EventSign(Weight.STRONG, 1316, "asp.net"),),
    causes=(
        _DIFFERENT_KEYS,
        _DIFFERENT_MODES,
        _CHANGED_KEYS,
        _ISOLATED,
        Cause(
            id="page-not-complete",
            title="the page was sent back before it had arrived, or goes to another page or path",
            reason="the signature covers the path and type of the page; a slow page lacks __EVENTVALIDATION when "
            "somebody clicks early",
            points=(telling("__eventvalidation"), telling("referer:"), telling(": 50204")),
            checks=(
                checks.events(
                    "Application",
                    "ASP.NET 4.0.30319.0",
                    1316,
                    "Path and Referer of the failed requests: always the same page",
                ),
                checks.drifted('"as declared, nothing to do": all nodes have the same key'),
            ),
        ),
    ),
    remedy=_SAME_KEYS,
    sources=(
        _SOURCES,
        _KB,
        "www.tessferrandez.com/blog/2007/06/11/a-case-of-invalid-viewstate.html",
        "learn.microsoft.com/archive/blogs/tess/asp-net-viewstate-error-validation-of-viewstate-mac-failed",
    ),
)

UNABLE_TO_VALIDATE = Entry(
    id="unable-to-validate",
    title="Unable to validate data",
    meaning="the older format (Framework20SP1 or SP2) found another signature than it expects",
    signs=(strong("unable to validate data"),),
    causes=(_DIFFERENT_KEYS, _DIFFERENT_MODES, _CHANGED_KEYS, _ISOLATED),
    remedy=_SAME_KEYS,
    sources=(_SOURCES, "System.Web MachineKeySection (reference source)"),
)

CRYPTOGRAPHIC_OPERATION = Entry(
    id="cryptographic-operation",
    title="Error occurred during a cryptographic operation",
    meaning="the newer format (Framework45, and every MachineKey.Protect) says the same of all failures, on purpose",
    signs=(
        strong("error occurred during a cryptographic operation"),
        strong("fehler bei einem kryptografischen vorgang"),
        strong("homogenizingcryptoservicewrapper"),
        telling("machinekey.unprotect"),
    ),
    causes=(
        _DIFFERENT_KEYS,
        _DIFFERENT_MODES,
        _CHANGED_KEYS,
        Cause(
            id="other-purpose",
            title="the data was protected for another purpose",
            reason="each use has a key of its own; view state of one page, or a cookie of another middleware, is "
            "not read elsewhere",
            points=(telling("machinekey.unprotect"),),
            checks=(checks.drifted('"as declared, nothing to do": all nodes have the same key'),),
        ),
        Cause(
            id="key-of-wrong-length",
            title="a key does not fit its algorithm",
            reason="decryption Auto means AES there, and a key of 16 hex digits fails at its first use, without any "
            "message about the configuration",
            checks=(
                checks.linted("invalid-key", "key-length"),
                here("keydeploy validate inventory.yml", "the key, as the place of the mistake"),
            ),
        ),
    ),
    remedy=_SAME_KEYS,
    sources=(_SOURCES, "System.Web.Security.Cryptography HomogenizingCryptoServiceWrapper (reference source)"),
)

FORMS_TICKET = Entry(
    id="forms-ticket",
    title="Forms authentication failed: the ticket supplied was invalid",
    meaning="the node could not decrypt or validate the ticket (ASP.NET's event code 4005, detail 50201); detail 50202 "
    "is a ticket that has expired, and code 4006 in the same event 1315 a wrong password",
    signs=(
        strong("the ticket supplied was invalid"),
        strong("event code: 4005"),
        strong("event code 4005"),
        telling("the ticket supplied has expired"),
        telling("formsauthentication.decrypt"),
        telling("event detail code: 50201"),
        telling("event detail code: 50202"),
    ),
    events=(EventSign(Weight.STRONG, 1315, "asp.net", unless=(": 4006",)),),
    causes=(
        _DIFFERENT_KEYS,
        _DIFFERENT_MODES,
        _CHANGED_KEYS,
        _ISOLATED,
        Cause(
            id="expired",
            title="the ticket could be read and has merely expired, which is no matter of keys",
            reason="somebody was away for longer than the timeout of forms; only a ticket that was decrypted can be "
            "found expired",
            points=(decisive("the ticket supplied has expired"), decisive(": 50202")),
            about_keys=False,
            checks=(
                checks.events(
                    "Application", "ASP.NET 4.0.30319.0", 1315, "Event detail code: 50202; of keys it would be 50201"
                ),
                checks.drifted('"as declared, nothing to do": all nodes have the same key'),
            ),
        ),
    ),
    remedy=_SAME_KEYS,
    sources=(
        "learn.microsoft.com/dotnet/api/system.web.management.webeventcodes.invalidticketfailure",
        "learn.microsoft.com/dotnet/api/system.web.management.webauthenticationfailureauditevent",
        "System.Web FormsAuthenticationModule (reference source)",
        "learn.microsoft.com/iis/troubleshoot/security-issues/troubleshooting-forms-authentication",
    ),
)

ANTI_FORGERY = Entry(
    id="anti-forgery",
    title="The anti-forgery token could not be decrypted",
    meaning="the token in the form or the cookie was protected with another machine key",
    signs=(strong("the anti-forgery token could not be decrypted"), telling("httpantiforgeryexception")),
    causes=(_DIFFERENT_KEYS, _DIFFERENT_MODES, _CHANGED_KEYS, _ISOLATED),
    remedy=_SAME_KEYS,
    sources=("github.com/aspnet/AspNetWebStack: AntiForgeryTokenSerializer and its tests",),
)

PADDING = Entry(
    id="padding",
    title="Padding is invalid and cannot be removed",
    meaning="what was decrypted is not what was encrypted: in most cases the decryption key is another one",
    signs=(telling("padding is invalid and cannot be removed"), telling("zeichenabstände sind ungültig")),
    causes=(
        _DIFFERENT_KEYS,
        _DIFFERENT_MODES,
        _CHANGED_KEYS,
        Cause(
            id="not-the-machine-key",
            title="a key of the application's own, not the machine key",
            reason="the trace shows no method of System.Web or MachineKey",
            points=(telling("rijndaelmanagedtransform"), telling("cryptostream.flushfinalblock")),
            checks=(checks.drifted('"as declared, nothing to do": all nodes have the same machine key'),),
        ),
    ),
    remedy=_SAME_KEYS,
    sources=("mscorlib.txt Cryptography_PKCS7_InvalidPadding (reference source)", _SOURCES),
)

ENTRIES = (VIEW_STATE_MAC, UNABLE_TO_VALIDATE, CRYPTOGRAPHIC_OPERATION, FORMS_TICKET, ANTI_FORGERY, PADDING)
