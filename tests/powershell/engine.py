"""Runs what Ansible sends to a node in PowerShell, under Wine."""

import base64
import json
import os
import pty
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ansible.executor.powershell import module_manifest

SEPARATOR = b"\n\0\0\0\0\n"
_BOOTSTRAP = Path(__file__).parent / "bootstrap.ps1"
_TIMEOUT = 120.0
_EMIT = "$compilation.Emit($code_ms, $pdb_ms)"
_EMIT_PORTABLE = (
    "$compilation.Emit($code_ms, $pdb_ms, $null, $null, $null,"
    " [Microsoft.CodeAnalysis.Emit.EmitOptions]::new().WithDebugInformationFormat('PortablePdb'))"
)
"""Wine cannot write Windows' own debug information, which has no part in what the code does."""

_OWNED_BY_ADMINISTRATORS = """
$account = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
[Keydeploy.Folder]::Access = {
    param($path) "$([Keydeploy.Disk]::Access($path))".Replace($account, 'BA')
}.GetNewClosure()
"""
"""Wine shows the account that made a folder where Windows shows the owner it was made with."""


@dataclass(frozen=True)
class PowerShell:
    """The engine in *program* on the Windows of *prefix*."""

    program: Path
    prefix: Path

    def answer(self, payload: bytes, folder: Path) -> str:
        """Let Ansible's wrappers work on *payload*, and answer what they print; *folder* is for their files."""
        bootstrap, sent, answer = (folder / name for name in ("bootstrap_wrapper.ps1", "payload", "answer"))
        bootstrap.write_bytes(module_manifest._get_powershell_script(bootstrap.name))
        sent.write_bytes(_fit_for_wine(payload))
        answer.unlink(missing_ok=True)
        self._run(_BOOTSTRAP, bootstrap, sent, answer)
        return answer.read_text("utf-8")

    def _run(self, script: Path, *arguments: Path) -> None:
        command = ["wine", str(self.program), "-NoLogo", "-NoProfile", "-NonInteractive", "-File"]
        # Without a terminal it ends at once, and well.
        ours, theirs = pty.openpty()
        try:
            subprocess.run(
                [*command, *(_on_z(path) for path in (script, *arguments))],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                timeout=_TIMEOUT,
                check=False,  # as Ansible, which looks at the answer
            )
        finally:
            os.close(theirs)
            os.close(ours)

    def _environment(self) -> dict[str, str]:
        own = {
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mshtml=;winedbg.exe=d",
            "DOTNET_EnableWriteXorExecute": "0",  # or finalizers of dynamic methods crash
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
        }
        return {name: value for name, value in os.environ.items() if name != "DISPLAY"} | own


def _on_z(path: Path) -> str:
    return "Z:" + str(path.resolve()).replace("/", "\\")


def _fit_for_wine(payload: bytes) -> bytes:
    """Make up for what Wine does not have: a writer of debug information, and owners of folders."""
    head, separator, body = payload.partition(SEPARATOR)
    manifest = json.loads(body)
    _edit(manifest["scripts"], _EMIT, _EMIT_PORTABLE)
    _edit(manifest["scripts"], "[Keydeploy.Node]::Answer(", _OWNED_BY_ADMINISTRATORS + "[Keydeploy.Node]::Answer(")
    return head + separator + json.dumps(manifest).encode()


def _edit(scripts: dict[str, dict[str, str]], old: str, new: str) -> None:
    """Replace *old* in the one script that has it."""
    texts = {name: base64.b64decode(script["script"]).decode() for name, script in scripts.items()}
    (name,) = (name for name, text in texts.items() if old in text)
    scripts[name]["script"] = base64.b64encode(texts[name].replace(old, new).encode()).decode()
