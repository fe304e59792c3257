"""PEM: the blocks of a text between their BEGIN and END lines.

Source: RFC 7468, and RFC 1421 for the two headers of an encrypted key in the traditional form. White space does not
count, so that a text whose line ends were changed, indented or folded into one line is still read. What stands
outside the blocks, such as the attributes that `openssl pkcs12` prints, is passed over.
"""

import binascii
import re
from dataclasses import dataclass

from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret

_BLOCK = re.compile(r"-----BEGIN ([^-]+)-----(.*?)-----END ([^-]+)-----", re.DOTALL)
_ENCRYPTED = re.compile(r"\s*Proc-Type:\s*4,ENCRYPTED\s+DEK-Info:\s*([A-Za-z0-9-]+,[0-9A-Fa-f]+)\s")
_WIDTH = 64
"""Letters of base64 in a line, as RFC 7468 has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a PEM text. It may hold a private key, so that its body does not print."""

    label: str
    """What stands behind BEGIN, such as `RSA PRIVATE KEY`."""
    encryption: str | None
    """The value of `DEK-Info`: cipher and initial vector of an encrypted key in the traditional form."""
    body: Secret
    """Base64, with any white space."""

    def der(self) -> bytes:
        """Answer the content; raises `KeyMaterialError` when the body is not base64."""
        content = from_base64(self.body.reveal().decode())
        if content is None:
            raise KeyMaterialError(
                f"what stands between the BEGIN and END lines of the {self.label} is not base64",
                hint="check for a cut or pasted-over value; in YAML write it as a block scalar (NAME: |)",
            )
        return content

    def pem(self) -> bytes:
        """Answer the block as a text of its own, in the usual form; raises `KeyMaterialError` as `der` does."""
        letters = base64_text(self.der())
        headers = ["Proc-Type: 4,ENCRYPTED", f"DEK-Info: {self.encryption}", ""] if self.encryption else []
        lines = (letters[start : start + _WIDTH] for start in range(0, len(letters), _WIDTH))
        text = "\n".join((f"-----BEGIN {self.label}-----", *headers, *lines, f"-----END {self.label}-----", ""))
        return text.encode()


def blocks(text: str) -> tuple[Block, ...]:
    """Find the blocks of *text*, in their order; raises `KeyMaterialError` when one of them breaks off."""
    found = tuple(_BLOCK.finditer(text))
    begun, ended = text.count("-----BEGIN "), text.count("-----END ")
    if not begun == ended == len(found) or any(match[1] != match[3] for match in found):
        raise KeyMaterialError(
            "the PEM text breaks off: a BEGIN line without its END line, or the other way round",
            hint="check for a cut value",
        )
    return tuple(_block(match[1], match[2]) for match in found)


def from_base64(text: str) -> bytes | None:
    """Decode base64 with or without line breaks; None where *text* is anything else."""
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        return None


def base64_text(content: bytes) -> str:
    """Write *content* in base64, in one line."""
    return binascii.b2a_base64(content, newline=False).decode()


def _block(label: str, body: str) -> Block:
    headers = _ENCRYPTED.match(body)
    return Block(
        label=label,
        encryption=headers[1] if headers else None,
        body=Secret.of(body[headers.end() :] if headers else body),
    )
