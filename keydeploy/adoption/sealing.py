"""Secrets on their way from the worker that saw them to the command line, under a key of this run alone.

What a worker answers lies in results, logs and the output of Ansible, so it holds ciphertext. The private half never
leaves the memory of the command line, and ends with it. X25519 (RFC 7748) between a key of the sender's for each
message and the receiver's, HKDF-SHA256 (RFC 5869) over the agreed secret and both public keys, AES-256-GCM.
"""

import base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret

_PURPOSE = b"keydeploy adoption 1"
_PUBLIC = 32
"""Bytes of an X25519 public key."""
_NONCE = bytes(12)
"""Every message has a key of its own, which is used once."""


class Receiver:
    """Who opens what is sealed for it."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()

    @property
    def public(self) -> str:
        """Answer the public key in base64."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def open(self, sealed: str, sender: str) -> Secret:
        """Open what `seal` answered for *sender*; raises `KeyMaterialError` for anything else."""
        try:
            content = base64.b64decode(sealed, validate=True)
            public = X25519PublicKey.from_public_bytes(content[:_PUBLIC])
            key = _key(self._private, public, content[:_PUBLIC] + self._private.public_key().public_bytes_raw())
            return Secret(key.decrypt(_NONCE, content[_PUBLIC:], sender.encode()))
        except (InvalidTag, ValueError):
            pass
        raise KeyMaterialError(f"what {sender} sealed cannot be opened", hint="run keydeploy adopt again")


def seal(clear: Secret, public: str, sender: str) -> str:
    """Answer *clear* so that only the receiver whose key is *public* can read it, in base64.

    *sender* is bound to it. Raises `KeyMaterialError` where *public* is no key of a receiver.
    """
    own = X25519PrivateKey.generate()
    sent = own.public_key().public_bytes_raw()
    try:
        receiver = X25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key = _key(own, receiver, sent + receiver.public_bytes_raw())
    except ValueError:
        raise KeyMaterialError("the key to seal for is none", hint="run keydeploy adopt, which makes one") from None
    return base64.b64encode(sent + key.encrypt(_NONCE, clear.reveal(), sender.encode())).decode()


def check_receiver(public: str) -> None:
    """Raise `KeyMaterialError` where *public* is no key of a receiver."""
    seal(Secret(b""), public, "")


def _key(own: X25519PrivateKey, other: X25519PublicKey, both: bytes) -> AESGCM:
    agreed = own.exchange(other)
    return AESGCM(HKDF(hashes.SHA256(), length=32, salt=both, info=_PURPOSE).derive(agreed))
