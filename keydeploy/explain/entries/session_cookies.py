"""Session cookies and tokens of Windows Identity Foundation."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Entry, Remedy, decisive, here, strong, telling

_ID1073 = (
    "learn.microsoft.com/archive/blogs/distributedservices/"
    "wif-1-0-id1073-a-cryptographicexception-occurred-when-attempting-to-decrypt-the-cookie-using-the-protecteddata-api"
)
_BY_MACHINE_KEY = Remedy(
    text="puts the handler that uses the machine key in the place of the default, with the same machine key on all "
    "nodes; "
    "or installs one certificate with its key on all of them (session_tokens: {certificate: NAME}, "
    "docs/keys-and-certificates.md)",
    spec=specs.SESSION_TOKENS,
    commands=(checks.LINT, "keydeploy apply inventory.yml"),
)
_BY_CERTIFICATE = Remedy(
    text="installs the same certificate with its key on all nodes, refers to it by thumbprint, and lets the pools "
    "use the key; "
    "it switches on all nodes at one instant",
    spec=specs.SESSION_CERTIFICATE,
    commands=(checks.LINT, "keydeploy apply inventory.yml"),
)

SESSION_COOKIE_DPAPI = Entry(
    id="session-cookie-dpapi",
    title="a WIF session cookie is protected by DPAPI, and cannot be read or written here",
    meaning="by default WIF encrypts its session cookie with DPAPI of the current user: one node cannot read "
    "another's, "
    "and without the profile of the pool's account no node can",
    ids=("ID1073", "ID1074"),
    signs=(
        decisive("protecteddatacookietransform"),
        strong("decrypt the cookie using the protecteddata api"),
        strong("encrypt the cookie using the protecteddata api"),
        strong("sessionsecuritytokenhandler", "protecteddata"),
    ),
    causes=(
        Cause(
            id="other-node",
            title="another node, or another account, wrote the cookie",
            reason="the load balancer sent the request to a node whose DPAPI keys are others",
            points=(
                decisive("key not valid for use in specified state"),
                decisive("schlüssel ist im angegebenen status nicht gültig"),
                telling("protecteddatacookietransform.decode"),
                telling("0x8009000b"),
            ),
            checks=(
                checks.linted("session-cookies"),
                checks.drifted(
                    '"MachineKeySessionSecurityTokenHandler: absent → present" below '
                    '"applications.portal.session_tokens: create", on the nodes without the declared handler'
                ),
            ),
        ),
        Cause(
            id="no-profile",
            title="the profile of the pool's account is not loaded",
            reason="DPAPI of the user needs it; also where there is one node only",
            points=(
                decisive("the system cannot find the file specified"),
                decisive("das system kann die angegebene datei nicht finden"),
                telling("protecteddatacookietransform.encode"),
                telling("id1074"),
            ),
            checks=(
                checks.profile_loaded("false"),
                checks.linted("user-profile"),
            ),
        ),
        Cause(
            id="cookie-of-another-kind",
            title="the cookie is cut, or was written by another handler or version of WIF",
            reason="WIF 3.5 and 4.5 beside each other under one domain, a handler changed while cookies are about, "
            "or a cookie too long",
            points=(decisive("the data is invalid"), decisive("die daten sind ungültig")),
            checks=(
                checks.found_in_web_config(
                    r"\w+\.identityModel", "microsoft.identityModel (WIF 3.5) beside system.identityModel (WIF 4.5)"
                ),
                checks.drifted('"MachineKeySessionSecurityTokenHandler: absent → present", on some nodes only'),
            ),
        ),
    ),
    remedy=_BY_MACHINE_KEY,
    sources=(
        _ID1073,
        "learn.microsoft.com/dotnet/framework/security/wif-and-web-farms",
        "blog.dotsmart.net/2011/01/26/solved-windows-identity-foundation-the-system-cannot-find-the-file-specified",
        "bartwullems.blogspot.com/2015/03/systeminvalidoperationexception-id1073.html",
    ),
)

SESSION_COOKIE_SIGNATURE = Entry(
    id="session-cookie-signature",
    title="the signature of a WIF session cookie is not valid",
    meaning="the cookie was signed with another key than the one that checks it here",
    ids=("ID1014",),
    signs=(
        decisive("rsasignaturecookietransform"),
        strong("the signature is not valid. the data may have been tampered with"),
    ),
    causes=(
        Cause(
            id="other-certificate",
            title="the nodes use different certificates, or one was renewed on some nodes only",
            reason="the reference is by subject, or each node has its own",
            checks=(
                checks.linted("certificate-by-name", "missing-certificate", "certificate-differs-between-nodes"),
                checks.drifted(
                    '"certificateReference findValue: another value → ..." or "certificates.session: create", on the '
                    "nodes that differ"
                ),
            ),
        ),
        Cause(
            id="temporary-key",
            title="the application opens a PFX in code, and its key is not kept",
            reason="each start of each process gets a key in a temporary container",
            checks=(
                checks.certificate_listed("the certificate is not in the store of the machine"),
                checks.drifted('"certificates.session: create" and "certificate: absent → present"'),
            ),
        ),
    ),
    remedy=_BY_CERTIFICATE,
    sources=(
        "stackoverflow.com/questions/24765097/wif-id1014-the-signature-is-not-valid-the-data-may-have-been-tampered-with-err",
        "learn.microsoft.com/previous-versions/msp-n-p/ff803371(v=pandp.10)",
    ),
)

SESSION_TOKEN_NOT_FOUND = Entry(
    id="session-token-not-found",
    title="WIF finds no session token behind the cookie",
    meaning="the cookie refers to a token that this process has not in its cache, or the cookie can no longer be "
    "processed",
    ids=("ID4243",),
    signs=(strong("a token was not found in the token cache and no cookie was found in the context"),),
    causes=(
        Cause(
            id="cache-of-one-process",
            title="tokens are kept in the memory of one process (session mode, reference mode)",
            reason="another node, or the same one after a recycling, does not have them",
            checks=(
                checks.recycled(
                    "the pool was recycled at that time. Nothing there settles nothing: logEventOnRecycle of the pool "
                    "decides what is written down, and tokens are lost to any other node too"
                ),
            ),
        ),
        Cause(
            id="changed-key",
            title="the key that protects cookies has changed since the person logged on",
            reason="after a rotation every cookie about is of the old key, until it is signed in again",
            checks=(
                here("keydeploy status inventory.yml", "the last run on each node, and when it was"),
                checks.drifted(
                    '"validationKey: ... → machine_keys.portal.validation_key" on some nodes; '
                    '"as declared, nothing to do" where all have the new key'
                ),
            ),
        ),
    ),
    remedy=_BY_MACHINE_KEY,
    sources=(
        "brockallen.com/2012/10/22/dealing-with-session-token-exceptions-with-wif-in-asp-net",
        "learn.microsoft.com/iis/configuration/system.applicationhost/applicationpools/add/recycling",
    ),
)

SESSION_TOKEN_SCOPE = Entry(
    id="session-token-scope",
    title="a WIF session token belongs to another application",
    meaning="the cookie was written for another endpoint under the same domain, and is not valid for this one",
    ids=("ID4291",),
    signs=(strong("is not scoped to the current endpoint"),),
    causes=(
        Cause(
            id="shared-cookie",
            title="two applications share one cookie (same name, domain and path) but not their pool or handler",
            reason="each scopes its tokens to itself",
            checks=(
                checks.found_in_web_config(
                    "<cookieHandler[^>]*>", "the same name, domain and path as in the other application's web.config"
                ),
                checks.pool_identity("another account than the other application's pool"),
            ),
        ),
    ),
    remedy=_BY_MACHINE_KEY,
    sources=(
        "learn.microsoft.com/dotnet/api/system.identitymodel.tokens.sessionsecuritytoken.endpointid",
        "bartwullems.blogspot.com/2016/05/windows-identity-foundation-sso-issue.html",
    ),
)

TOKEN_KEY = Entry(
    id="token-key",
    title="no key is here that decrypts the security token",
    meaning="the token was encrypted for a certificate whose private key this application does not find",
    ids=("ID4022", "ID4036"),
    signs=(strong("the key needed to decrypt the encrypted security token could not be resolved"),),
    causes=(
        Cause(
            id="no-certificate",
            title="serviceCertificate names no certificate, or another one than the token was encrypted for",
            reason="the issuer was given a new certificate before the nodes were, or the other way round",
            checks=(
                checks.linted("stale-certificate", "missing-certificate"),
                checks.certificate_listed("no such certificate"),
            ),
        ),
        Cause(
            id="key-not-usable",
            title="the certificate is there, its key cannot be used",
            reason="the account of the pool may not read it, or it was imported without it",
            checks=(
                checks.certificate_listed("no Unique container name, or a test of the key that fails"),
                checks.drifted('"key readers: ... → add IIS AppPool\\Portal"'),
            ),
        ),
    ),
    remedy=_BY_CERTIFICATE,
    sources=(
        "learn.microsoft.com/dotnet/framework/configure-apps/file-schema/windows-identity-foundation/servicecertificate",
    ),
)

SESSION_TOKENS = Entry(
    id="session-tokens",
    title="WIF could not read or write its session token",
    meaning="the methods in the trace are those of WIF's session cookies; the message is in another language, or "
    "was shortened",
    signs=(telling("sessionsecuritytokenhandler"), telling("sessionauthenticationmodule")),
    causes=(
        Cause(
            id="protected-on-another-node",
            title="the cookie was protected on another node, by DPAPI, by another certificate or another machine key",
            reason="the nodes do not agree on how session cookies are protected",
            points=(telling("applytransforms"), telling("readtoken"), telling("machinekeysessionsecuritytokenhandler")),
            checks=(
                checks.linted("session-cookies"),
                checks.drifted(
                    '"applications.portal.machine_key: update", "applications.portal.session_tokens: create" or '
                    '"certificateReference findValue: another value → ...", on the nodes that differ'
                ),
            ),
        ),
        Cause(
            id="no-profile",
            title="the profile of the pool's account is not loaded",
            reason="the default handler uses DPAPI of the user",
            points=(telling("protecteddata"), telling("writetoken")),
            checks=(checks.profile_loaded("false"), checks.linted("user-profile")),
        ),
    ),
    remedy=_BY_MACHINE_KEY,
    sources=("learn.microsoft.com/dotnet/framework/security/wif-and-web-farms", _ID1073),
)

ENTRIES = (
    SESSION_COOKIE_DPAPI,
    SESSION_COOKIE_SIGNATURE,
    SESSION_TOKEN_NOT_FOUND,
    SESSION_TOKEN_SCOPE,
    TOKEN_KEY,
    SESSION_TOKENS,
)
