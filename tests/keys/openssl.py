"""The `openssl` command line: keys and certificates that another tool has made."""

import shutil
import subprocess
from pathlib import Path

from tests.conftest import missing

LEGACY = ("-provider", "legacy", "-provider", "default")
"""Lets OpenSSL 3 use the algorithms that it has put aside."""


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    """Answer what `openssl` writes for *arguments* when it reads *given*."""
    if shutil.which("openssl") is None:
        missing("openssl (Debian: openssl)")
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout
