"""Distinguished names from the text that Windows shows of them: `CN=portal, O=Contoso`."""

import re
from collections.abc import Iterator

from cryptography import x509

from keydeploy.keys.distinguished_name import as_windows_shows

_IDENTIFIERS = {
    "CN": "2.5.4.3",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1",
}
_PART = re.compile(r'(OID\.[0-9.]+|[A-Z]+)=("(?:[^"]|"")*"|[^,+"]*?)(, | \+ |\Z)')


def named(text: str) -> x509.Name:
    """Answer a name that Windows shows as *text*; where that is none that can be read, one that holds it all."""
    try:
        name = x509.Name(list(reversed([*_parts(text)])))
        if as_windows_shows(name) == text:
            return name
    except ValueError:
        pass
    return x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, text or "?")])


def _parts(text: str) -> Iterator[x509.RelativeDistinguishedName]:
    position = 0
    several: list[x509.NameAttribute[str]] = []
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            raise ValueError("not a name")
        several.append(_attribute(found[1], found[2]))
        if found[3] != " + ":
            yield x509.RelativeDistinguishedName(several)
            several = []
        position = found.end()


def _attribute(name: str, written: str) -> "x509.NameAttribute[str]":
    identifier = _IDENTIFIERS.get(name) or name.removeprefix("OID.")
    value = written[1:-1].replace('""', '"') if written.startswith('"') else written
    return x509.NameAttribute(x509.ObjectIdentifier(identifier), value)
