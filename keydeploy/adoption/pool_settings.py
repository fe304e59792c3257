"""The settings that are an app pool's own.

Source: the schema of applicationHost.config (`system.applicationHost`).
"""

from collections.abc import Iterator

from keydeploy import iis
from keydeploy.webconfig.document import Document, Element

_SETTINGS = {"load_user_profile": "loadUserProfile", "set_profile_environment": "setProfileEnvironment"}


def own_settings(application_host: Document, site: str, path: str) -> tuple[str, ...]:
    """Answer which settings stand at the pool of the application itself, by the names of the spec."""
    name = iis.pool_of(application_host, site, path).lower()
    for parent in _all(application_host, "applicationPools"):
        for pool in parent.named("add"):
            if (pool.get("name") or "").lower() == name:
                models = list(pool.named("processModel"))
                return tuple(
                    ours for ours, theirs in _SETTINGS.items() if any(m.get(theirs) is not None for m in models)
                )
    return ()


def _all(document: Document, name: str) -> Iterator[Element]:
    return (element for element in document.root.walk() if element.name == name)
