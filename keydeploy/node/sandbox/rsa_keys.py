"""RSA keys in the parts of the contract; what is wrong with one is told without a part of it."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from keydeploy.errors import NodeError
from keydeploy.node.contract import PrivateKey, PublicKey
from keydeploy.secret import Secret

_CHALLENGE = b"keydeploy proves that this key is usable"


def load(key: PrivateKey) -> rsa.RSAPrivateKey:
    """Answer the key itself; raises `NodeError` where its parts are not of one key, or not of their lengths."""
    size = len(key.modulus.reveal())
    halves = (key.p, key.q, key.dp, key.dq, key.inverse_q)
    is_full = size > 0 and key.modulus.reveal()[0] != 0 and len(key.d.reveal()) == size
    if not is_full or any(len(half.reveal()) != (size + 1) // 2 for half in halves):
        raise NodeError("key", "the parts of a private key are not of their lengths")
    numbers = rsa.RSAPrivateNumbers(
        p=_number(key.p),
        q=_number(key.q),
        d=_number(key.d),
        dmp1=_number(key.dp),
        dmq1=_number(key.dq),
        iqmp=_number(key.inverse_q),
        public_numbers=rsa.RSAPublicNumbers(e=_number(key.exponent), n=_number(key.modulus)),
    )
    if not _belong_together(numbers):
        raise NodeError("key", "the parts of a private key are not those of one key")
    # The library's own check tests both primes for 35 ms, and every key is read many times in a run.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def public_part(key: PrivateKey) -> PublicKey:
    """Answer the public key of *key*."""
    return PublicKey(modulus=key.modulus.reveal().lstrip(b"\0"), exponent=key.exponent.reveal().lstrip(b"\0"))


def bits(key: PublicKey) -> int:
    """Answer the length of *key*."""
    return int.from_bytes(key.modulus).bit_length()


def proves(key: PrivateKey, public_key: rsa.RSAPublicKey) -> bool:
    """Sign with *key*, and tell whether *public_key* verifies it."""
    signature = load(key).sign(_CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    try:
        public_key.verify(signature, _CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _belong_together(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Tell whether the numbers are those of one key, as long as its primes are primes."""
    p, q, d, public = numbers.p, numbers.q, numbers.d, numbers.public_numbers
    return (
        p * q == public.n
        and min(p, q) > 1
        and p % 2 == q % 2 == 1
        and public.e % 2 == 1 < public.e < public.n
        and d < public.n
        and d * public.e % (p - 1) == 1
        and d * public.e % (q - 1) == 1
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and numbers.iqmp < p
        and numbers.iqmp * q % p == 1
    )


def _number(part: Secret) -> int:
    return int.from_bytes(part.reveal())
