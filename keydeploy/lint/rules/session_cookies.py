"""WIF session cookies that one node alone can read."""

from collections.abc import Iterator

from keydeploy.lint import wif
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="session-cookies",
    severity=Severity.WARNING,
    title="session cookies encrypted with a key of one node, on a farm",
    reason=(
        "WIF's default handler encrypts its session cookie with DPAPI of the pool's user: no other node can "
        "read it (ID1073), and users are logged out whenever the load balancer moves them."
    ),
    source=(
        "Microsoft, 'WIF and Web Farms'; System.IdentityModel SessionSecurityTokenHandler, ProtectedDataCookieTransform"
    ),
    remedy=(
        "declare session_tokens: machine_key, or a certificate, or put "
        "MachineKeySessionSecurityTokenHandler in the place of SessionSecurityTokenHandler by hand"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield where WIF's session management is switched on, when nothing replaces the default handler."""
    if application.on_farm and wif.encrypts_with_node_key(application):
        yield wif.found(application, RULE, "session cookies are encrypted with DPAPI, which no other node can read")
