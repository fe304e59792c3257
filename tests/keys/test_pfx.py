"""A PFX is made in one form, wherever it is needed, and other tools read it."""

import base64
import subprocess
from pathlib import Path

import pytest

from keydeploy.keys.certificate import load_pfx
from keydeploy.keys.pfx import sealed
from keydeploy.keys.variables import of_certificate
from keydeploy.rotation.certificate_forms import pfx_base64
from keydeploy.secret import Secret
from tests.keys.openssl import openssl
from tests.keys.test_certificate import whole

PASSWORD = "Marked-Passw0rd of the PFX"


def told_by_openssl(content: bytes, folder: Path) -> str:
    """Answer what OpenSSL says of how *content* is sealed."""
    (folder / "made.pfx").write_bytes(content)
    (folder / "password").write_text(PASSWORD, "utf-8")
    command = ["openssl", "pkcs12", "-info", "-noout", "-in", str(folder / "made.pfx")]
    openssl("version")
    command += ["-passin", f"file:{folder / 'password'}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_what_generate_and_rotate_make_is_sealed_alike(tmp_path: Path) -> None:
    generated = base64.b64decode(of_certificate(whole(), Secret.of(PASSWORD))["pfx"].reveal())
    rotated = base64.b64decode(pfx_base64(whole(), PASSWORD).reveal())

    for content in (generated, rotated):
        told = told_by_openssl(content, tmp_path)
        assert "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256" in told
        assert "MAC: sha256" in told
        assert load_pfx(base64.b64encode(content).decode(), PASSWORD) == whole(), "the chain is in it"


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_what_was_sealed_opens(password: str | None) -> None:
    made = sealed(whole().der, whole().key, whole().chain, Secret.of(password) if password else None)

    assert load_pfx(base64.b64encode(made.reveal()).decode(), password) == whole()
    assert repr(made) == "<secret>"
