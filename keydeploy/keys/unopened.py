"""An RSA private key of which the public half is known already, and which is opened when it is used.

To open a PFX takes 40 ms, most of which the library spends on testing the primes of its key; most of what is done with
a certificate needs its public key alone.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import rsa

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.chain import parsed
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret


class UnopenedKey(RsaKey):
    """The key of the certificate *der*, to which it was found to belong when it was opened before.

    *opened* opens it once more; it raises `KeyMaterialError`.
    """

    __slots__ = ("_der", "_opened")
    _der: bytes
    _opened: Callable[[], RsaKey]

    def __init__(self, der: bytes, opened: Callable[[], RsaKey]) -> None:
        object.__setattr__(self, "_der", der)  # `RsaKey` is frozen
        object.__setattr__(self, "_opened", opened)

    @property
    def content(self) -> Secret:
        """PKCS#8 in DER, not encrypted."""
        return self._opened().content

    def _public(self) -> rsa.RSAPublicNumbers:
        key = parsed(self._der).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise KeyMaterialError("the certificate has no RSA key", hint="have it issued for an RSA key")
        return key.public_numbers()

    def __repr__(self) -> str:
        return "UnopenedKey()"
