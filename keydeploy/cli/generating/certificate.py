"""`keydeploy generate certificate`: a certificate that vouches for itself, with its RSA key."""

import argparse
from typing import TYPE_CHECKING, Any

from keydeploy.cli.generating.printing import add_output, form_of, note, print_fields, print_text
from keydeploy.cli.options import verb

if TYPE_CHECKING:
    from keydeploy.keys.certificate import Certificate
    from keydeploy.secret import Secret

EXAMPLE = (
    "keydeploy generate certificate --subject 'Portal session' --name vault_portal_session --format vault"
    " > group_vars/portal/session.yml"
)
_DEFAULT_BITS = 2048
_DEFAULT_DAYS = 365

_EXPLANATION = """

It is self-signed. Session cookies of WIF need no more: it is found by its thumbprint, and nobody outside the farm
sees it. For HTTPS it serves tests (--dns), because no browser trusts it; people need one of an authority.

  key        RSA of 2048 bits (the default, worth 112 bits), 3072 (128 bits) or 4096
  signature  SHA-256
  usage      digitalSignature and keyEncipherment, with which cookies are signed and encrypted; serverAuth with --dns
  password   of the PFX: 192 random bits, printed beside it, unless you name a file with one
  PFX        AES-256; keydeploy opens it on this machine, so that Windows Server 2016, which cannot, gets it too"""


def add(kinds: Any) -> None:
    """Add the kind."""
    parser = verb(
        kinds,
        "certificate",
        "a self-signed certificate with its key",
        f"{EXAMPLE}\n  keydeploy generate certificate --dns portal.example.com --format pem > portal.pem",
    )
    parser.description = f"{parser.description}{_EXPLANATION}"
    parser.add_argument(
        "--subject", help="a common name, or a whole name such as 'CN=portal, O=Contoso' (default: the first --dns)"
    )
    parser.add_argument(
        "--dns",
        action="append",
        default=[],
        metavar="NAME",
        help="a name of the server that it is for; as often as needed",
    )
    parser.add_argument(
        "--bits", type=int, choices=(2048, 3072, 4096), default=_DEFAULT_BITS, help="of the key (default: %(default)s)"
    )
    parser.add_argument(
        "--days", type=int, default=_DEFAULT_DAYS, help="for which it is valid, up to 3650 (default: %(default)s)"
    )
    parser.add_argument("--password-file", metavar="FILE", help="a file with the password of the PFX")
    add_output(parser, pfx="in base64, as the spec takes it, for which --password-file is needed", pem="in clear")
    parser.set_defaults(run=_run, encrypted=EXAMPLE)


def _run(options: argparse.Namespace) -> int:
    """Print a new certificate with its key, and tell what it is."""
    import time  # noqa: PLC0415

    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.keys import certificate, self_signed  # noqa: PLC0415

    form = form_of(options, in_clear="yaml")
    if not options.subject and not options.dns:
        raise KeydeployError("the certificate has no name", hint="add --subject 'Portal session', or --dns NAME")
    password = _password(options.password_file, form)
    now = time.time()
    made = self_signed.generate(
        options.subject or options.dns[0], options.dns, bits=options.bits, days=options.days, now=now
    )
    _print(made, password, form, options)
    for text in (_described(made), *certificate.warnings(made, now=now)):
        note(text)
    return 0


def _print(made: "Certificate", password: "Secret", form: str, options: argparse.Namespace) -> None:
    from keydeploy.keys import self_signed, variables  # noqa: PLC0415

    fields = variables.of_certificate(made, password)
    if form == "pem":
        print_text(self_signed.to_pem(made), form, options)
    elif form == "pfx":
        print_text(fields["pfx"], form, options)
    else:
        print_fields({options.name: fields} if options.name else fields, form, options)


def _password(file: str | None, form: str) -> "Secret":
    """Answer the password of the PFX: the first line of *file*, or a new one."""
    import os  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.keys.pfx import new_password  # noqa: PLC0415
    from keydeploy.secret import Secret  # noqa: PLC0415

    if file is None:
        if form == "pfx":
            raise KeydeployError(
                "a PFX alone needs a password that you know",
                hint="name a file that holds it with --password-file, or use --format yaml, which has both",
            )
        return new_password(os.urandom)
    if form == "pem":
        raise KeydeployError("--password-file has no place in pem", hint="leave out either of them")
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise KeydeployError(f"{file} cannot be read", hint="name a text file with the password of the PFX") from None
    if not lines or not lines[0]:
        raise KeydeployError(f"{file} holds no password", hint="its first line is the password")
    return Secret.of(lines[0])


def _described(certificate: "Certificate") -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    until = datetime.fromtimestamp(certificate.not_after, UTC)
    return f"{certificate.subject}, thumbprint {certificate.thumbprint}, valid until {until:%Y-%m-%d}"
