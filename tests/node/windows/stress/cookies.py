"""An application that keeps who is signed in in a cookie, on a node under Wine."""

from pathlib import Path

from tests.node.windows.stress.application import run

WEB_CONFIG = "C:\\inetpub\\portal\\web.config"


def sign_in(dotnet: Path, prefix: Path, user: str) -> str | None:
    """Answer the cookie for *user*, None where the application cannot write one."""
    return _said(dotnet, prefix, "write", user)


def signed_in(dotnet: Path, prefix: Path, cookie: str) -> str | None:
    """Answer who is signed in by *cookie*, None where the application refuses it."""
    return _said(dotnet, prefix, "read", cookie)


def _said(dotnet: Path, prefix: Path, *arguments: str) -> str | None:
    done = run("Cookies.cs", dotnet, prefix, WEB_CONFIG, *arguments)
    assert done.returncode in (0, 1, 2), done.stdout + done.stderr
    return done.stdout.strip() if done.returncode == 0 else None
