"""IIS as far as keydeploy needs it: which file configures an application, and what stands above it.

Source: the schema of applicationHost.config (`system.applicationHost`); ASP.NET reads machine.config
and the root web.config of the runtime and bitness of the application's pool.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.errors import DocumentError
from keydeploy.node.contract import Pointer, Step
from keydeploy.webconfig.document import Document, Element

_CONFIG = "%windir%\\System32\\inetsrv\\config\\"
APPLICATION_HOST = _CONFIG + "applicationHost.config"
REDIRECTION = _CONFIG + "redirection.config"

_RUNTIME_FOLDERS = {"v2.0": "v2.0.50727", "v4.0": "v4.0.30319"}


@dataclass(frozen=True, slots=True)
class Runtime:
    """The ASP.NET that an application pool loads: its version (`v4.0`) and whether it has 32 bits."""

    version: str = "v4.0"
    is_32_bit: bool = False

    @property
    def folder(self) -> str:
        """Answer the folder of its machine.config and root web.config."""
        framework = "Framework" if self.is_32_bit else "Framework64"
        return f"%windir%\\Microsoft.NET\\{framework}\\{_RUNTIME_FOLDERS[self.version]}\\Config"


RUNTIMES = tuple(Runtime(version, bits) for version in _RUNTIME_FOLDERS for bits in (False, True))


def web_config(site: str, path: str) -> Pointer:
    """Point to the web.config of the application *path* of *site*."""
    return Pointer(
        file=APPLICATION_HOST,
        walk=(Step("site", "name", site), Step("application", "path", path), Step("virtualDirectory", "path", "/")),
        attribute="physicalPath",
        append="web.config",
    )


def ancestors(path: str) -> tuple[str, ...]:
    """Answer the paths above *path* where an application may stand: `/` and `/a` for `/a/b`."""
    if path == "/":
        return ()
    parts = path.strip("/").split("/")
    return ("/", *("/" + "/".join(parts[:depth]) for depth in range(1, len(parts))))


def applications(application_host: Document) -> tuple[tuple[str, str], ...]:
    """Answer site and path of every application, in the order of the file, each once."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for site in _all(application_host, "site"):
        for application in site.named("application"):
            names = site.get("name") or "", application.get("path") or ""
            found.setdefault((names[0].lower(), names[1].lower()), names)
    return tuple(found.values())


def runtime_of(application_host: Document, site: str, path: str) -> Runtime:
    """Answer the runtime of the pool in which the application runs; raises `DocumentError` when there is none."""
    name = pool_of(application_host, site, path)
    pools = _under(application_host, "applicationPools", "add")
    pool = next((p for p in pools if (p.get("name") or "").lower() == name.lower()), None)
    defaults = next(_under(application_host, "applicationPools", "applicationPoolDefaults"), None)

    def setting(attribute: str, fallback: str) -> str:
        values = (element.get(attribute) for element in (pool, defaults) if element is not None)
        return next((value for value in values if value is not None), fallback)

    version = setting("managedRuntimeVersion", "v4.0")
    if version not in _RUNTIME_FOLDERS:
        raise DocumentError(
            "the application's pool loads no .NET Framework", hint="set the pool's managedRuntimeVersion to v4.0"
        )
    return Runtime(version, setting("enable32BitAppOnWin64", "false").lower() == "true")


def refuse_shared_configuration(redirection: Document) -> None:
    """Raise `DocumentError` when this node takes its IIS configuration from a share."""
    for element in _all(redirection, "configurationRedirection"):
        if (element.get("enabled") or "").lower() == "true":
            raise DocumentError(
                "IIS shared configuration is on, so two nodes would edit one file",
                hint="declare web_config paths local to each node, or turn shared configuration off",
            )


def pool_of(application_host: Document, site: str, path: str) -> str:
    """Answer the name of the pool: the application's own, else that of the site's defaults, else of all sites'."""
    found, application = _application(application_host, site, path)
    defaults = [*found.named("applicationDefaults"), *_under(application_host, "sites", "applicationDefaults")]
    names = (element.get("applicationPool") for element in (application, *defaults))
    return next((name for name in names if name), "DefaultAppPool")


def _application(application_host: Document, site: str, path: str) -> tuple[Element, Element]:
    for candidate in _all(application_host, "site"):
        if (candidate.get("name") or "").lower() != site.lower():
            continue
        for application in candidate.named("application"):
            if (application.get("path") or "").lower() == path.lower():
                return candidate, application
        raise DocumentError("IIS has the site but not the application", hint="check path, or create the application")
    raise DocumentError("IIS has no site of this name", hint="check site, or create it")


def _under(document: Document, parent: str, name: str) -> Iterator[Element]:
    for element in _all(document, parent):
        yield from element.named(name)


def _all(document: Document, name: str) -> Iterator[Element]:
    return (element for element in document.root.walk() if element.name == name)
