"""RSA private keys for containers of CryptoAPI: reading, checking, generation and fingerprint.

A key is checked once, where it is taken over: what a `RsaKey` holds, a container can hold. What is wrong with one is
told without a part of it.
"""

import hashlib
import math
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from keydeploy.errors import KeyMaterialError, PasswordMissing
from keydeploy.keys import rsa_key_value
from keydeploy.keys.pem import Block, blocks
from keydeploy.secret import Secret

DEFAULT_BITS = 2048
FEWEST_BITS = 2048
MOST_BITS = 16384
"""The longest key of CryptoAPI's enhanced providers, which take lengths in steps of 8 bits."""
_PUBLIC_EXPONENT = 65537
_EXPONENT_BITS = 32
"""`RSAPUBKEY.pubexp` of CryptoAPI is a DWORD."""
_CHALLENGE = b"keydeploy proves that the parts of this key belong together"
_MAKE = "use an RSA key with the usual exponent; keydeploy generate container-key makes one"
_USUAL = "2048, 3072 and 4096 are usual; keydeploy generate container-key makes such a key"
_OTHER_LABELS = {"EC PRIVATE KEY": "an EC key", "DSA PRIVATE KEY": "a DSA key"}
_OTHER_KINDS: dict[type, str] = {
    ec.EllipticCurvePrivateKey: "an EC key",
    dsa.DSAPrivateKey: "a DSA key",
    ed25519.Ed25519PrivateKey: "an Ed25519 key",
}
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA private key that has been checked."""

    content: Secret
    """PKCS#8 in DER, not encrypted."""

    def private(self) -> rsa.RSAPrivateKey:
        """Answer the key to compute with."""
        content = self.content.reveal()
        # The check of a key tests its primes, which takes 35 ms; this one has been checked.
        key = load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyMaterialError(
                "the content is no RSA key", hint="EC and other keys cannot be used; generate an RSA key"
            )
        return key

    @property
    def modulus(self) -> bytes:
        """Big-endian, without leading zeros."""
        return _shortest(self._public().n)

    @property
    def exponent(self) -> bytes:
        """Big-endian, without leading zeros."""
        return _shortest(self._public().e)

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return self._public().n.bit_length()

    @property
    def fingerprint(self) -> str:
        """Identify the key by its public half, so that nothing can be guessed: `sha256:` and hex digits.

        The hash is over the SubjectPublicKeyInfo in DER (RFC 5280), as other tools have it.
        """
        return public_fingerprint(self._public())

    def parts(self) -> dict[str, Secret]:
        """Answer the key in the parts and lengths of .NET's `RSAParameters`: big-endian.

        *modulus* and *d* have the length of the key, the others but *exponent* half of it.
        """
        return rsa_key_value.parts(self.private().private_numbers())

    def _public(self) -> rsa.RSAPublicNumbers:
        return self.private().public_key().public_numbers()


def public_fingerprint(numbers: rsa.RSAPublicNumbers) -> str:
    """Identify a public key: `sha256:` and the SHA-256 (hex) of its SubjectPublicKeyInfo in DER (RFC 5280)."""
    content = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def load(text: str, password: str | None = None) -> RsaKey:
    """Read the one private key in *text*: PEM, or `<RSAKeyValue>` as `aspnet_regiis -px -pri` writes it.

    PEM is PKCS#1 or PKCS#8, encrypted with *password* or not; certificates beside the key are passed over.
    Raises `KeyMaterialError` when there is no key, more than one, or one that a container cannot or should not hold.
    """
    text = text.strip("\ufeff \t\r\n")
    if text.startswith("<"):
        _refuse_password(password)
        return _checked(rsa_key_value.read(text))
    return take_over(_opened(_only_key(blocks(text)), None if password is None else Secret.of(password)))


def take_over(key: PrivateKeyTypes) -> RsaKey:
    """Check *key*; raises `KeyMaterialError` when it is not RSA, weak, or not for containers of CryptoAPI."""
    if not isinstance(key, rsa.RSAPrivateKey):
        kinds = (name for kind, name in _OTHER_KINDS.items() if isinstance(key, kind))
        raise _not_rsa(next(kinds, "a key of another kind"))
    return _checked(key.private_numbers())


def generate(bits: int = DEFAULT_BITS) -> RsaKey:
    """Make a new key of *bits*; raises `KeyMaterialError` for a length that `load` would refuse."""
    _check_length(bits)
    return _written(rsa.generate_private_key(_PUBLIC_EXPONENT, bits))


def to_pem(key: RsaKey) -> Secret:
    """Write *key* as PKCS#8 in PEM, not encrypted."""
    return Secret(key.private().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def to_xml(key: RsaKey) -> Secret:
    """Write *key* as `<RSAKeyValue>`, which `aspnet_regiis -pi` imports."""
    return rsa_key_value.write(key.private().private_numbers())


def _only_key(found: tuple[Block, ...]) -> Block:
    """Answer the one block that may be an RSA private key."""
    keys = [block for block in found if block.label.endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise KeyMaterialError(f"{len(keys)} private keys in one text", hint="leave only the one that is meant")
    if not keys:
        raise _no_key({block.label for block in found})
    if keys[0].label in _OTHER_LABELS:
        raise _not_rsa(_OTHER_LABELS[keys[0].label])
    if keys[0].label == "OPENSSH PRIVATE KEY":
        raise KeyMaterialError(
            "the key is in OpenSSH's own form", hint="ssh-keygen -p -m PKCS8 -f FILE writes it as PEM in place"
        )
    return keys[0]


def _no_key(labels: set[str]) -> KeyMaterialError:
    if labels.intersection(_CERTIFICATES):
        return KeyMaterialError("a certificate, where its private key is needed", hint="paste the private key")
    if any(label.endswith("PUBLIC KEY") for label in labels):
        return KeyMaterialError("a public key only", hint="paste the private key")
    return KeyMaterialError(
        "no private key: neither PEM (-----BEGIN PRIVATE KEY-----) nor <RSAKeyValue>",
        hint="check for a cut or pasted-over value; keydeploy generate container-key makes a key",
    )


def _opened(block: Block, password: Secret | None) -> PrivateKeyTypes:
    """Answer the key in *block*, not checked yet."""
    is_encrypted = block.encryption is not None or block.label == "ENCRYPTED PRIVATE KEY"
    if not is_encrypted:
        _refuse_password(password)
    elif password is None or not password.reveal():
        raise PasswordMissing("the key is encrypted, and no password is given", hint="declare its password too")
    key = _deserialized(block.pem(), password)
    if key is not None:
        return key
    if is_encrypted:
        raise KeyMaterialError(
            "the password does not open the key",
            hint="check the password; where it is right, the text is cut or its encryption is not known here: "
            "openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY writes a usual one",
        )
    raise KeyMaterialError("the key is cut or damaged, or of an unknown kind", hint="check for a pasted-over value")


def _deserialized(pem: bytes, password: Secret | None) -> PrivateKeyTypes | None:
    """Answer the key in *pem*; None where it cannot be read: the library's messages are not for people."""
    secret = None if password is None else password.reveal()
    try:
        return load_pem_private_key(pem, secret, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _refuse_password(password: object) -> None:
    if password is not None:
        raise KeyMaterialError("the key is not encrypted, and a password is given", hint="leave the password out")


def _not_rsa(kind: str) -> KeyMaterialError:
    return KeyMaterialError(
        f"{kind}; RSA only for now, because containers of CryptoAPI hold no other",
        hint="use an RSA key of 2048 bits or more",
    )


def _checked(numbers: rsa.RSAPrivateNumbers) -> RsaKey:
    """Check *numbers* and take them over.

    The library's own check tests both primes for 35 ms, in each worker anew. Arithmetic and one signature, 1 ms,
    find all that can have gone wrong with a key on its way: where a prime were none, the signature would be false.
    """
    public = numbers.public_numbers
    _check_length(public.n.bit_length())
    if public.e.bit_length() > _EXPONENT_BITS or public.e < 3 or public.e % 2 == 0:
        raise KeyMaterialError(
            "the public exponent is not an odd number of at most 32 bits above 1, as CryptoAPI takes it", hint=_MAKE
        )
    if not _belong_together(numbers):
        raise _mixed()
    half = (public.n.bit_length() + 1) // 2
    if max(numbers.p, numbers.q).bit_length() > half:
        raise KeyMaterialError("the primes of the key differ in length, which containers cannot hold", hint=_MAKE)
    key = _canonical(numbers).private_key(unsafe_skip_rsa_key_validation=True)
    if not _proves(key):
        raise _mixed()
    return _written(key)


def _mixed() -> KeyMaterialError:
    return KeyMaterialError(
        "the parts of the key do not belong together", hint="check for a mixed, cut or pasted-over value"
    )


def _check_length(bits: int) -> None:
    if bits < FEWEST_BITS:
        raise KeyMaterialError(f"{bits} bits, which is weak; {FEWEST_BITS} is the least", hint=_USUAL)
    if bits > MOST_BITS:
        raise KeyMaterialError(f"{bits} bits; containers of CryptoAPI hold at most {MOST_BITS}", hint=_USUAL)
    if bits % 8:
        raise KeyMaterialError(f"{bits} bits; containers of CryptoAPI take a multiple of 8", hint=_USUAL)


def _belong_together(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Tell whether the numbers are those of one key, as long as its primes are primes."""
    p, q, d, public = numbers.p, numbers.q, numbers.d, numbers.public_numbers
    return (
        p * q == public.n
        and p % 2 == q % 2 == 1
        and min(p, q) > 1
        and d * public.e % (p - 1) == 1
        and d * public.e % (q - 1) == 1
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and numbers.iqmp * q % p == 1
    )


def _canonical(numbers: rsa.RSAPrivateNumbers) -> rsa.RSAPrivateNumbers:
    """Answer the same key with its greater prime first and the least d, so that a key has one content.

    Tools differ in both; OpenSSL makes keys of this form.
    """
    p, q, e = max(numbers.p, numbers.q), min(numbers.p, numbers.q), numbers.public_numbers.e
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=numbers.public_numbers,
    )


def _proves(key: rsa.RSAPrivateKey) -> bool:
    """Sign with *key* and tell whether its own public half verifies that."""
    signature = key.sign(_CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    try:
        key.public_key().verify(signature, _CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _written(key: rsa.RSAPrivateKey) -> RsaKey:
    return RsaKey(Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
