"""Keys of a rehearsal in place of real ones: of the same length, and one for each."""

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keydeploy.keys.rsa_key import RsaKey
from keydeploy.node.contract import PrivateKey, PublicKey
from keydeploy.rehearsal.shelf import Shelf
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_SHARED_BITS = 2048


class Keys:
    """The keys on a *shelf*, under names that *made* derives."""

    def __init__(self, made: StandIns, shelf: Shelf) -> None:
        self._made = made
        self._shelf = shelf

    def of(self, key: RsaKey | PublicKey) -> RsaKey:
        """Answer the stand-in of *key*."""
        bits = int.from_bytes(key.modulus).bit_length()
        return self._shelf.rsa_key(self._made.identity("rsa", key.modulus.hex(), key.exponent.hex()), bits)

    def of_authority(self, name: x509.Name, kind: str, bits: int) -> SigningKey:
        """Answer the key of the certification authority *name*: of the *kind* `rsa` with so many *bits*, or `ec`."""
        identity = self._made.identity("authority", name.public_bytes().hex())
        return self._shelf.rsa_key(identity, bits).private() if kind == "rsa" else self._shelf.ec_key(identity)

    def of_nobody(self) -> RsaKey:
        """Answer the RSA key of all certificates of which nothing but a listing is known."""
        return self._shelf.rsa_key(self._made.identity("nobody"), _SHARED_BITS)

    def of_nobody_with_curves(self) -> ec.EllipticCurvePrivateKey:
        """Answer the same for certificates whose key is not RSA."""
        return self._shelf.ec_key(self._made.identity("nobody"))


def public_part(key: RsaKey) -> PublicKey:
    """Answer the public half of *key* as a node tells it."""
    return PublicKey(modulus=key.modulus, exponent=key.exponent)


def private_part(key: RsaKey) -> PrivateKey:
    """Answer *key* as a node holds it."""
    parts: Mapping[str, Secret] = key.parts()
    fields: dict[str, Any] = {**parts}
    return PrivateKey(**fields)
