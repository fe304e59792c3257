"""Windows paths inside the folder that plays a node.

`C:\\inetpub\\portal` is `ROOT/C/inetpub/portal`; names are found without regard to case, as Windows does.
"""

import re
from pathlib import Path

from keydeploy.errors import NodeError

ENVIRONMENT = {
    "systemdrive": "C:",
    "systemroot": "C:\\Windows",
    "windir": "C:\\Windows",
    "programdata": "C:\\ProgramData",
    "programfiles": "C:\\Program Files",
}

_VARIABLE = re.compile(r"%([^%]+)%")
_NETWORK = re.compile(r"[\\/]{2}")
_DRIVE = re.compile(r"([A-Za-z]):[\\/]+(.*)", re.DOTALL)


def expand(path: str) -> str:
    """Replace the environment variables of *path*; unknown ones stay, as on Windows."""
    return _VARIABLE.sub(lambda found: ENVIRONMENT.get(found[1].lower(), found[0]), path)


def join(folder: str, path: str) -> str:
    """Answer *path* as seen from *folder*; a full path stays what it is."""
    full = _DRIVE.match(path) or is_on_a_share(path)
    return path if full else folder.rstrip("\\/") + "\\" + path


def is_on_a_share(path: str) -> bool:
    """Tell whether *path* is a network path; Windows takes slashes of either kind."""
    return bool(_NETWORK.match(path))


def parent(path: str) -> str:
    """Answer the folder that holds *path*."""
    return re.sub(r"[\\/]+[^\\/]*$", "", path)


def canonical(path: str) -> str:
    """Answer one name for all spellings of a full path: of its slashes, its case, `.` and `..`."""
    return "\\".join(_normal(re.split(r"[\\/]+", expand(path)))).lower()


def locate(root: Path, path: str) -> Path:
    """Answer where the file at the Windows *path* lies under *root*, whether or not it exists.

    Raises `NodeError` for a path that is not a full local one or leaves its drive.
    """
    found = _DRIVE.fullmatch(expand(path))
    if not found:
        raise NodeError("path", "the path is not a full local path")
    place = root / found[1].upper()
    for name in _normal(re.split(r"[\\/]+", found[2])):
        place = _child(place, name)
    return place


def _normal(names: list[str]) -> list[str]:
    """Resolve `.` and `..` as Windows does, which stays on the drive."""
    kept: list[str] = []
    for name in names:
        if name == "..":
            del kept[-1:]
        elif name not in ("", "."):
            kept.append(name)
    return kept


def _child(folder: Path, name: str) -> Path:
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((child for child in folder.iterdir() if child.name.lower() == name.lower()), exact)
