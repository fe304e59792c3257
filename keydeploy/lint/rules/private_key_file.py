"""Files with a private key that anybody can use."""

import re
from collections.abc import Iterator

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import pfx
from keydeploy.keys.pem import Block, base64_text, blocks
from keydeploy.lint.model import Finding, Rule, Severity

RULE = Rule(
    id="private-key-file",
    severity=Severity.ERROR,
    title="private key in clear in a file",
    reason=(
        "Whoever reads the file or the history of its repository has the key, for as long as it is in use; "
        "deleting it later does not take it back."
    ),
    source=(
        "RFC 7468 (PEM), RFC 7292 (PFX), OpenSSH's PROTOCOL.key; Microsoft, 'ASP.NET IIS Registration Tool' (-px -pri)"
    ),
    remedy=(
        "encrypt the file with ansible-vault encrypt, or the key with a passphrase; where it was committed, "
        "replace it: keydeploy rotate --compromised"
    ),
)


_CLEAR_LABEL = re.compile(r"(?:RSA |EC |DSA )?PRIVATE KEY")
_OPENSSH_LABEL = "OPENSSH PRIVATE KEY"
_OPENSSH_CLEAR = b"openssh-key-v1\0\0\0\0\x04none"
"""How a key of OpenSSH begins whose cipher is `none`. Source: OpenSSH, PROTOCOL.key."""

_BEGIN = "-----BEGIN "
_BEGIN_LINE = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\r?$", re.MULTILINE)
_LONGEST, _LONGEST_PFX = 1_000_000, 100_000
"""In characters; what is longer is something else."""


def check(file: str, content: bytes) -> Iterator[Finding]:
    """Yield the first private key that the file *content* holds in clear; PEM, PFX in DER or base64, RSAKeyValue."""
    text = content.decode("latin-1")
    offset = _private_key(text)
    if offset is not None:
        lines = text[:offset].split("\n")
        yield _finding(file, "a private key stands in clear", len(lines), len(lines[-1]) + 1)
    elif opens_without_password(content):
        yield _finding(file, "a PFX with a private key opens without a password", None, None)


def is_one(content: bytes) -> bool:
    """Tell whether the file *content* is made to hold a private key in PEM, encrypted or not, whatever its name."""
    return _BEGIN_LINE.search(content) is not None


def holds_private_key(text: str) -> bool:
    """Tell whether *text* holds a private key in clear, in PEM or as RSAKeyValue."""
    return _private_key(text) is not None


def opens_without_password(content: bytes) -> bool:
    """Tell whether *content* is a PFX, in DER or base64, whose private key needs no password."""
    if not content or len(content) > _LONGEST_PFX:
        return False
    text = base64_text(content) if content[0] == 0x30 and b"\x02\x01\x03" in content[:8] else content.decode("latin-1")
    return any(_opens(text, password) for password in (None, ""))


def _opens(text: str, password: str | None) -> bool:
    try:
        pfx.opened(text, password)
    except KeyMaterialError:
        return False
    return True


def _private_key(text: str) -> int | None:
    """Answer where in *text* a private key in clear begins."""
    if len(text) > _LONGEST:
        return None
    if _BEGIN in text:
        try:
            found = next((block for block in blocks(text) if _is_clear(block)), None)
        except KeyMaterialError:  # A text that breaks off is no key that anybody could use.
            return None
        return None if found is None else text.index(f"{_BEGIN}{found.label}-----")
    start = text.find("<RSAKeyValue")
    private = text.find("<D>", start) if start >= 0 else -1
    return start if private >= 0 and not text.startswith("</D>", private + len("<D>")) else None


def _is_clear(block: Block) -> bool:
    try:
        content = block.der()
    except KeyMaterialError:
        return False
    if block.label == _OPENSSH_LABEL:
        return content.startswith(_OPENSSH_CLEAR)
    return bool(content) and _CLEAR_LABEL.fullmatch(block.label) is not None and block.encryption is None


def _finding(file: str, text: str, line: int | None, column: int | None) -> Finding:
    return Finding(rule=RULE, file=file, line=line, column=column, text=text, subject="private key")
