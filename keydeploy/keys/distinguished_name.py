"""Distinguished names as Windows shows them: the most specific part first, `CN=portal, O=Contoso`.

Source: CertNameToStr with CERT_X500_NAME_STR and CERT_NAME_STR_REVERSE_FLAG, which `X509Certificate2.Subject` uses.
"""

from cryptography import x509

_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.4": "SN",
    "2.5.4.13": "Description",
    "2.5.4.17": "PostalCode",
    "2.5.4.18": "POBox",
    "2.5.4.20": "Phone",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
"""How Windows calls the parts of a name."""
_SPECIAL = frozenset(',+="\n<>#;')


def as_windows_shows(name: x509.Name) -> str:
    """Write *name*; a value with a character that has a meaning there stands in quotes."""
    return ", ".join(" + ".join(map(_part, several)) for several in reversed(name.rdns))


def _part(attribute: "x509.NameAttribute[str | bytes]") -> str:  # subscriptable at run time only in newer releases
    identifier = attribute.oid.dotted_string
    value = attribute.value if isinstance(attribute.value, str) else "#" + attribute.value.hex().upper()
    if not value or value != value.strip() or _SPECIAL.intersection(value):
        value = '"' + value.replace('"', '""') + '"'
    return f"{_NAMES.get(identifier, f'OID.{identifier}')}={value}"
