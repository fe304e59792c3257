"""Private keys made for these tests, in the forms in which people leave them lying about."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

_KEY = ec.generate_private_key(ec.SECP256R1())
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portal.example")])
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CERTIFICATE = x509.CertificateBuilder(_NAME, _NAME, _KEY.public_key(), 1, _NOW, _NOW + timedelta(days=365)).sign(
    _KEY, hashes.SHA256()
)
_PASSWORD = BestAvailableEncryption(b"Xk3-made-up")


def _pem(form: PrivateFormat, encryption: KeySerializationEncryption) -> str:
    return _KEY.private_bytes(Encoding.PEM, form, encryption).decode()


def pfx(encryption: KeySerializationEncryption) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"portal", _KEY, _CERTIFICATE, None, encryption)


PEM = _pem(PrivateFormat.PKCS8, NoEncryption())
TRADITIONAL_PEM = _pem(PrivateFormat.TraditionalOpenSSL, NoEncryption())
ENCRYPTED_PEM = _pem(PrivateFormat.PKCS8, _PASSWORD)
OPENSSH_PEM = _pem(PrivateFormat.OpenSSH, NoEncryption())
ENCRYPTED_TRADITIONAL_PEM = _pem(PrivateFormat.TraditionalOpenSSL, _PASSWORD)
CERTIFICATE_PEM = _CERTIFICATE.public_bytes(Encoding.PEM).decode()
OPEN_PFX = pfx(NoEncryption())
CLOSED_PFX = pfx(_PASSWORD)
OPEN_PFX_TEXT = base64.b64encode(OPEN_PFX).decode()
CLOSED_PFX_TEXT = base64.b64encode(CLOSED_PFX).decode()
RSA_KEY_VALUE = "<RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent><D>AQAB</D></RSAKeyValue>"
PUBLIC_RSA_KEY_VALUE = "<RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"


def _encrypted_openssh() -> str:
    """Answer the head of an encrypted key of OpenSSH, with nothing of a key behind it. Source: PROTOCOL.key."""
    fields = (b"aes256-ctr", b"bcrypt", bytes(24))
    content = b"openssh-key-v1\0" + b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    body = base64.b64encode(content + (1).to_bytes(4, "big")).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n"


ENCRYPTED_OPENSSH_PEM = _encrypted_openssh()
