"""`keydeploy generate container-key`: an RSA key for a key container."""

import argparse
from typing import Any

from keydeploy.cli.generating.printing import add_output, form_of, print_fields, print_text, today
from keydeploy.cli.options import verb

EXAMPLE = "keydeploy generate container-key --name vault_portal_key --format vault > group_vars/portal/key.yml"
_DEFAULT_BITS = 2048

_EXPLANATION = """

RSA with the exponent 65537, because containers of CryptoAPI hold no EC keys:
  2048  the default, and the least that keydeploy takes; worth 112 bits
  3072  worth 128 bits, as much as AES-128; for keys that are to last beyond 2030 (NIST SP 800-57)
  4096  a little more, at about eight times the work of 2048 for each decryption
Any multiple of 8 up to 16384 will do. The key encrypts sections of web.config on all nodes; it lies in the container
itself, so that it is neither exported nor made anew when an application starts."""


def add(kinds: Any) -> None:
    """Add the kind."""
    parser = verb(
        kinds,
        "container-key",
        "an RSA key for a key container",
        f"{EXAMPLE}\n  keydeploy generate container-key --format xml > key.xml  # for aspnet_regiis -pi",
    )
    parser.description = f"{parser.description}{_EXPLANATION}"
    parser.add_argument(
        "--bits", type=int, default=_DEFAULT_BITS, help="the length, a multiple of 8 (default: %(default)s)"
    )
    add_output(parser, default="yaml with a name, else pem", xml="RSAKeyValue for aspnet_regiis", pem="PKCS#8")
    parser.set_defaults(run=_run, encrypted=EXAMPLE)


def _run(options: argparse.Namespace) -> int:
    """Print a new RSA key."""
    from keydeploy.keys import rsa_key  # noqa: PLC0415
    from keydeploy.keys.variables import of_rsa_key  # noqa: PLC0415
    from keydeploy.secret import Secret  # noqa: PLC0415

    form = form_of(options, in_clear="yaml" if options.name else "pem")
    key = rsa_key.generate(options.bits)
    fields = of_rsa_key(key, today())
    if options.name:  # two variables, so that the one with the key is the key
        named = {options.name: fields["private_key"], f"{options.name}_created": fields["created"]}
        print_fields(named, form, options)
    elif form in ("yaml", "json"):
        print_fields(fields, form, options)
    elif form == "xml":
        print_text(Secret(rsa_key.to_xml(key).reveal() + b"\n"), form, options)
    else:
        print_text(rsa_key.to_pem(key), form, options)
    return 0
