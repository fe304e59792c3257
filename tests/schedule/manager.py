"""A real systemd as the first process of namespaces of its own, which reads units from one folder and nothing else.

It needs root, and a kernel that lets it have a control group; it sees this machine's files, and no process of it.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SYSTEMD = Path("/usr/lib/systemd/systemd")
_PATIENCE = 30.0
_SET_UP = """
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup || :
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs "$1/state"
mkdir -p /var/lib/private
mount --bind "$1/state" /var/lib
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin "SYSTEMD_UNIT_PATH=$1/units" \
  "$2" --system --log-target=null --show-status=no
"""
"""The root is shared again because systemd hands credentials over through it; /var/lib is an empty one."""
_TARGETS = ("default", "basic", "sysinit", "shutdown", "timers", "network-online", "multi-user", "umount")


def why_not() -> str | None:
    """Answer what is missing to run it, or None."""
    if not SYSTEMD.exists() or not shutil.which("systemctl"):
        return "systemd (Debian: systemd)"
    if os.geteuid() != 0:
        return "root, to run systemd in namespaces of its own"
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        return "unshare and nsenter (Debian: util-linux)"
    return None


@dataclass(frozen=True)
class Manager:
    """A systemd that runs."""

    folder: Path
    pid: int

    @property
    def units(self) -> Path:
        return self.folder / "units"

    def control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `systemctl` with *arguments*."""
        return self.within("systemctl", "--no-pager", *arguments)

    def within(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* where this systemd is."""
        enter = ["nsenter", "--target", str(self.pid), "--all", *command]
        return subprocess.run(enter, capture_output=True, text=True, timeout=_PATIENCE * 4, check=False)

    def show(self, unit: str, name: str) -> str:
        """Answer a property of *unit*."""
        return self.control("show", "--value", "--property", name, unit).stdout.strip()


@contextmanager
def running(folder: Path) -> Iterator[Manager]:
    """Boot it over *folder*, answer it, and end it with all that it has started."""
    for name in ("units", "state"):
        (folder / name).mkdir()
    for name in _TARGETS:
        (folder / "units" / f"{name}.target").write_text("[Unit]\n", "utf-8")
    command = ["unshare", "--pid", "--fork", "--mount", "--cgroup", "--ipc", "--uts", "--mount-proc", "--kill-child"]
    with subprocess.Popen(
        [*command, "sh", "-c", _SET_UP, "sh", str(folder), str(SYSTEMD)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield _booted(child, folder)
        finally:
            child.send_signal(signal.SIGKILL)  # and the kernel ends what is in the namespaces
            child.wait(_PATIENCE)


def _booted(child: "subprocess.Popen[str]", folder: Path) -> Manager:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and child.poll() is None:
        first = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text("utf-8").split()
        manager = Manager(folder, int(first[0])) if first else None
        if manager and manager.control("is-system-running").stdout.strip() in ("running", "degraded"):
            return manager
        time.sleep(0.05)
    child.kill()
    assert child.stderr is not None
    raise RuntimeError(f"systemd did not come up: {child.stderr.read()}")
