"""What cannot be derived and must be made once: keys and certificates, for all workers of a rehearsal.

The first worker that needs a thing makes it while the others wait, so that no key is made for nothing.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from keydeploy.keys.rsa_key import RsaKey
from keydeploy.node.sandbox.files import write_file
from keydeploy.secret import Secret

_EXPONENT = 65537
_FEWEST_BITS = 1024
"""OpenSSL makes no shorter keys."""


class Shelf:
    """Things by name, one file each in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Answer the thing called *name*; what *make* answers becomes it where nobody has made it yet."""
        file = self._folder / name
        if not file.exists():
            with self._alone(name):
                if not file.exists():
                    self._put(file, make())
        return file.read_bytes()

    def find(self, name: str) -> bytes | None:
        """Answer the thing called *name*, None where nobody has made it."""
        file = self._folder / name
        return file.read_bytes() if file.exists() else None

    def rsa_key(self, identity: str, bits: int) -> RsaKey:
        """Answer the RSA key of that *identity*, with a modulus of *bits*."""
        length = max(bits + -bits % 8, _FEWEST_BITS)
        content = self.kept(f"rsa-{length}-{identity}", lambda: _der(rsa.generate_private_key(_EXPONENT, length)))
        return RsaKey(Secret(content))

    def ec_key(self, identity: str) -> ec.EllipticCurvePrivateKey:
        """Answer the key of that *identity* on the curve P-256."""
        content = self.kept(f"ec-{identity}", lambda: _der(ec.generate_private_key(ec.SECP256R1())))
        key = load_der_private_key(content, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - nobody else puts such names here
        return key

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        descriptor = os.open(self._folder / f"{name}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # it goes with the descriptor, also where a worker dies
            yield
        finally:
            os.close(descriptor)

    @staticmethod
    def _put(file: Path, content: bytes) -> None:
        new = file.with_name(f"{file.name}.new")
        write_file(new, content)
        new.replace(file)


def _der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
