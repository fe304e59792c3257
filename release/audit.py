"""Looks up known vulnerabilities of everything that is locked, and says so where nobody could be asked.

pip-audit asks PyPI's advisory service. A package that the service does not know is no package in order: the run fails,
as it does where the service cannot be reached.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
AUDIT = (
    ROOT / ".cache/supply/bin/pip-audit",
    "--strict",
    "--require-hashes",
    "--disable-pip",
    "--progress-spinner",
    "off",
)
UNANSWERED = ("could not be audited", "ConnectionError", "Timeout", "Max retries exceeded", "Failed to query")
"""What pip-audit prints where the service did not answer for a package."""


def main() -> None:
    """Audit every lock file; end with the exit code of the first audit that did not succeed."""
    codes = [audit(AUDIT, lock) for lock in sorted((ROOT / "requirements").glob("*.lock"))]
    sys.exit(next(filter(None, codes), 0))


def audit(command: Sequence[str | Path], lock: Path) -> int:
    """Let *command* audit *lock*, show what it says, answer its exit code: never 0 where the service had no answer."""
    print(f"{lock.name}:", flush=True)
    done = subprocess.run(
        [*map(str, command), "--requirement", str(lock)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if any(sign in done.stdout for sign in UNANSWERED):
        print(done.stdout.strip().rpartition("\n")[2])
        print("audit: error: the advisory service could not be asked about everything: nothing is known of the rest")
        print("audit: hint: it is that of PyPI; a mirror of the packages alone does not have it")
        return done.returncode or 1
    print(done.stdout, end="")
    return done.returncode


if __name__ == "__main__":
    main()
