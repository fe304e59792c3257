"""The Windows build of .NET under Wine: unpacked once, with a Windows made once and copied in a moment."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.node.windows.cache import digest, keep_latest, made_once

LAUNCHER = "clrhost.exe"

_VERBS = ("list", "set", "clear", "recycle")
"""Those of appcmd that the node uses."""


def prepare(archive: Path | None) -> Path:
    """Answer the folder with the Windows build of .NET and its launcher.

    It is the one that the environment variable `KEYDEPLOY_WINDOWS_DOTNET` names, or else *archive* (clrhost.tar.xz)
    unpacked in the cache. Raises `FileNotFoundError`, saying what is missing, where neither exists or Wine does not.
    """
    for tool in ("wine", "wineserver", "mcs"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"{tool} (Debian: wine wine64 mono-mcs)")
    named = os.environ.get("KEYDEPLOY_WINDOWS_DOTNET")
    if named:
        folder = Path(named)
    elif archive is not None and archive.is_file():
        folder = made_once(f"dotnet-{digest(archive.read_bytes())}", lambda place: _unpack(archive, place))
    else:
        raise FileNotFoundError("the Windows build of .NET (KEYDEPLOY_WINDOWS_DOTNET)")
    if not (folder / LAUNCHER).is_file():
        raise FileNotFoundError(f"{LAUNCHER} in the folder with the Windows build of .NET")
    return folder


def base_prefix() -> Path:
    """Answer a Windows that nobody has used yet; copy it with `copy_prefix`."""
    version = subprocess.run(["wine", "--version"], capture_output=True, check=True).stdout
    return made_once(f"wine-prefix-{digest(version)}", _make_prefix)


def prefix_with_appcmd(dotnet: Path, appcmd: Path) -> Path:
    """Answer a Windows that nobody has used yet, with the program *appcmd* on the .NET in *dotnet* as that of IIS."""
    base = base_prefix()
    parts = [str(part).encode() for part in (base, dotnet, appcmd)]
    return made_once(f"wine-appcmd-{digest(*parts)}", lambda place: _add_appcmd(place, base, dotnet, appcmd))


def copy_prefix(place: Path, base: Path | None = None) -> None:
    """Make the Windows of a new node at *place*, like *base*; its files are links until somebody replaces them."""
    base = base or base_prefix()
    subprocess.run(["cp", "-al", base, place], check=True)
    for registry in base.glob("*.reg"):  # which Wine writes in place
        (place / registry.name).unlink()
        shutil.copyfile(registry, place / registry.name)


def environment(prefix: Path) -> dict[str, str]:
    """Answer the environment of a process in the Windows at *prefix*."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("WINE", "DOTNET_"))},
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        "HOME": str(prefix / "home"),  # Wine shows the folders in it as those of the account
        "DOTNET_EnableWriteXorExecute": "0",
        "DOTNET_EnableDiagnostics": "0",
    }


def shut_down(prefix: Path) -> None:
    """End what runs in the Windows at *prefix*."""
    subprocess.run(["wineserver", "-k", "-w"], env=environment(prefix), capture_output=True, timeout=60, check=False)


def _unpack(archive: Path, place: Path) -> None:
    place.mkdir()
    with tarfile.open(archive) as packed:
        packed.extractall(place, filter="data")
    (inner,) = place.iterdir()
    for entry in inner.iterdir():
        entry.rename(place / entry.name)
    inner.rmdir()


def _add_appcmd(place: Path, base: Path, dotnet: Path, appcmd: Path) -> None:
    keep_latest("wine-appcmd-*", 2)
    copy_prefix(place, base)
    inetsrv = place / "drive_c/windows/system32/inetsrv"
    shutil.copytree(dotnet, inetsrv)
    (inetsrv / LAUNCHER).rename(inetsrv / "appcmd.exe")
    for verb in _VERBS:  # each an argument of the launcher, and so the name of its program
        shutil.copyfile(appcmd, inetsrv / f"{verb}.dll")


def _make_prefix(place: Path) -> None:
    place.mkdir()
    (place / "home").mkdir()
    quiet = {"WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe="}
    made = subprocess.run(
        ["wineboot", "-i"],
        env={**environment(place), **quiet},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    subprocess.run(["wineserver", "-w"], env=environment(place), capture_output=True, timeout=60, check=False)
    if made.returncode != 0 or not (place / "system.reg").is_file():
        raise AssertionError("wineboot did not make a Windows")
    (place / "C").symlink_to("drive_c")  # where keydeploy.node.paths looks for a drive
