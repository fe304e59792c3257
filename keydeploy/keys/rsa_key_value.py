"""RSA private keys in the parts of .NET's `RSAParameters`, and as `<RSAKeyValue>` XML.

Source: System.Security.Cryptography `RSA.ToXmlString` and `RSAParameters`: numbers are big-endian, in base64 in XML;
Modulus and D have the length of the key, P, Q, DP, DQ and InverseQ half of it, Exponent is as short as can be.
"""

from typing import NoReturn
from xml.parsers import expat

from cryptography.hazmat.primitives.asymmetric import rsa

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.pem import base64_text, from_base64
from keydeploy.secret import Secret

_ROOT = "RSAKeyValue"
_ELEMENTS = {
    "Modulus": "modulus",
    "Exponent": "exponent",
    "P": "p",
    "Q": "q",
    "DP": "dp",
    "DQ": "dq",
    "InverseQ": "inverse_q",
    "D": "d",
}
"""What the parts are called in XML and in the node contract, in the order in which .NET writes them."""
_PUBLIC = ("Modulus", "Exponent")
_AS_EXPORTED = "export it with aspnet_regiis -px NAME FILE -pri"


def parts(numbers: rsa.RSAPrivateNumbers) -> dict[str, Secret]:
    """Answer the parts of a key by the names of the node contract."""
    public = numbers.public_numbers
    size = (public.n.bit_length() + 7) // 8
    half = (size + 1) // 2
    values = {
        "modulus": public.n.to_bytes(size),
        "exponent": public.e.to_bytes((public.e.bit_length() + 7) // 8),
        "d": numbers.d.to_bytes(size),
        "p": numbers.p.to_bytes(half),
        "q": numbers.q.to_bytes(half),
        "dp": numbers.dmp1.to_bytes(half),
        "dq": numbers.dmq1.to_bytes(half),
        "inverse_q": numbers.iqmp.to_bytes(half),
    }
    return {name: Secret(value) for name, value in values.items()}


def write(numbers: rsa.RSAPrivateNumbers) -> Secret:
    """Write a key as .NET does, in one line."""
    held = parts(numbers)
    inner = (f"<{element}>{base64_text(held[name].reveal())}</{element}>" for element, name in _ELEMENTS.items())
    return Secret.of(f"<{_ROOT}>{''.join(inner)}</{_ROOT}>")


def read(text: str) -> rsa.RSAPrivateNumbers:
    """Read the numbers of a private key; whether they belong together is not checked.

    A document type is refused, and with it entities. Raises `KeyMaterialError` when *text* is not such a key.
    """
    numbers = {element: _number(element, letters) for element, letters in _Reader().read(text).items()}
    missing = [element for element in _ELEMENTS if element not in numbers]
    if any(element in missing for element in _PUBLIC):
        raise KeyMaterialError(f"<RSAKeyValue> without {' and '.join(missing)}", hint=_AS_EXPORTED)
    if len(missing) == len(_ELEMENTS) - len(_PUBLIC):
        raise KeyMaterialError("a public key only: <RSAKeyValue> without D", hint=_AS_EXPORTED)
    if missing:
        raise KeyMaterialError(f"<RSAKeyValue> without {' and '.join(missing)}", hint=_AS_EXPORTED)
    return rsa.RSAPrivateNumbers(
        p=numbers["P"],
        q=numbers["Q"],
        d=numbers["D"],
        dmp1=numbers["DP"],
        dmq1=numbers["DQ"],
        iqmp=numbers["InverseQ"],
        public_numbers=rsa.RSAPublicNumbers(numbers["Exponent"], numbers["Modulus"]),
    )


def _number(element: str, letters: str) -> int:
    content = from_base64(letters)
    if not content:
        raise KeyMaterialError(f"{element} of the <RSAKeyValue> is not base64", hint="check for a cut value")
    return int.from_bytes(content)


class _Reader:
    """Collects the text of each element below the root."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._texts: dict[str, str] = {}

    def read(self, text: str) -> dict[str, str]:
        """Answer the text of each known element."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, UnicodeEncodeError):
            is_whole = False
        else:
            is_whole = True
        if not is_whole:
            raise KeyMaterialError("the XML of the key is cut or damaged", hint=_AS_EXPORTED)
        return self._texts

    def _refuse_doctype(self, *_declared: object) -> NoReturn:
        raise KeyMaterialError("the XML of the key has a document type, which no tool writes", hint=_AS_EXPORTED)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        place = len(self._open)
        if place == 0 and name != _ROOT:
            raise KeyMaterialError("XML, but not <RSAKeyValue>", hint=_AS_EXPORTED)
        if place == 1 and (name not in _ELEMENTS or name in self._texts):
            raise KeyMaterialError("<RSAKeyValue> with an element that is unknown or repeated", hint=_AS_EXPORTED)
        if place > 1:
            raise KeyMaterialError("<RSAKeyValue> with elements inside its elements", hint=_AS_EXPORTED)
        self._open.append(name)
        if place == 1:
            self._texts[name] = ""

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _data(self, data: str) -> None:
        if len(self._open) > 1:
            self._texts[self._open[-1]] += data
        elif data.strip():
            raise KeyMaterialError("<RSAKeyValue> with text between its elements", hint=_AS_EXPORTED)
