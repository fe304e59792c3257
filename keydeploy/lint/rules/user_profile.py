"""A user profile that is needed and not loaded."""

from collections.abc import Iterator

from keydeploy.lint import wif
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="user-profile",
    severity=Severity.WARNING,
    title="user profile needed but not loaded (loadUserProfile)",
    reason=(
        "WIF's default handler encrypts session cookies with DPAPI of the pool's user, whose keys lie in "
        "his profile: without it not even the node itself reads its cookies (ID1073)."
    ),
    source="Microsoft, 'WIF and Web Farms'; CryptProtectData: the user's profile must be loaded",
    remedy=(
        "declare session_tokens so that no profile is needed, or app_pool: {load_user_profile: true} for a single node"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield where WIF's session management is switched on with the default handler in a pool without a profile."""
    off = application.node is not None and application.node.load_user_profile is False
    if off and wif.encrypts_with_node_key(application):
        yield wif.found(application, RULE, "session cookies need the user profile, and the pool does not load it")
