"""Protected sections as Mono's own configuration system reads and writes them, in a program that shares no code."""

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from keydeploy.keys.rsa_key import RsaKey, to_xml
from tests.conftest import missing
from tests.node.windows.cache import digest, keep_latest, made_once

_SOURCE = Path(__file__).with_name("Sections.cs")
_PROGRAM = "sections.exe"
_COMPILE = (
    *("mcs", "-langversion:5", "-warn:4", "-warnaserror", f"-out:{_PROGRAM}"),
    *("-r:System.Configuration.dll", "-r:System.Security.dll", "-r:System.Web.dll", _SOURCE.name),
)
_KEPT = 3
_LIBRARY = Path("/usr/lib/mono/4.5/System.Web.dll")


@dataclass(frozen=True, slots=True)
class Mono:
    """Mono with key containers of its own, in *folder*."""

    folder: Path

    def import_key(self, container: str, key: RsaKey) -> None:
        """Put *key* into the user's *container*."""
        self._run("import", container, given=to_xml(key).reveal().decode())

    def read(self, configuration: bytes, codec: str = "utf-8") -> dict[str, str]:
        """Answer what a program whose configuration file has these bytes reads: `SECTION NAME` and the value.

        Mono keeps machine-wide containers in one folder for the whole computer, and makes what is missing there; so
        the user's containers are read in their place.
        """
        program = self.folder / _PROGRAM
        program.write_bytes((_compiled() / _PROGRAM).read_bytes())
        wide, own = (f'useMachineContainer="{each}"'.encode(codec) for each in ("true", "false"))
        assert configuration.count(wide) == 1
        program.with_name(f"{_PROGRAM}.config").write_bytes(configuration.replace(wide, own))
        lines = (line.split("\t") for line in self._run("read", program=program).splitlines())
        return {f"{section} {name}": base64.b64decode(value).decode() for section, name, value in lines}

    def encrypt(self, container: str, cipher: str, key_wrap: str, section: str) -> str:
        """Answer the EncryptedData for *section* as .NET Framework's provider builds it of System.Security.Xml."""
        return self._run("encrypt", container, cipher, key_wrap, given=section)

    def encrypt_by_provider(self, container: str, section: str) -> str:
        """Answer the EncryptedData for *section* from Mono's own RsaProtectedConfigurationProvider."""
        return self._run("provider", container, given=section)

    def _run(self, *arguments: str, given: str = "", program: Path | None = None) -> str:
        done = subprocess.run(
            ["mono", program or _compiled() / _PROGRAM, *arguments],
            input=given.encode(),
            env={**os.environ, "XDG_CONFIG_HOME": str(self.folder)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[:3000]
        return done.stdout.decode()


def _compiled() -> Path:
    if not _LIBRARY.exists():
        missing("Mono's System.Web (Debian: libmono-system-web4.0-cil)")
    return made_once(f"sections-{digest(_SOURCE.read_bytes())}", _compile)


def _compile(place: Path) -> None:
    keep_latest("sections-*", _KEPT)
    place.mkdir()
    (place / _SOURCE.name).write_bytes(_SOURCE.read_bytes())
    compiled = subprocess.run(_COMPILE, cwd=place, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
