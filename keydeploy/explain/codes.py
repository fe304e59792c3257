"""Windows' error codes that concern keys, and the spellings in which people meet them.

A code is a number of 32 bits. Logs write it as 0x80090016, 80090016, -2146893802 or 2148073494, headers as
NTE_BAD_KEYSET; errors of Win32 appear as 0x80070520, as 0x520 or as 1312.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WIN32 = 0x80070000
"""What HRESULT_FROM_WIN32 puts before an error of Win32."""
_WIN32_LIMIT = 0x10000


@dataclass(frozen=True, slots=True)
class Code:
    """One code of winerror.h."""

    value: int
    """As an HRESULT, from 0 to 2**32 - 1."""
    name: str
    text: str
    """Windows' English message."""

    def __str__(self) -> str:
        return f"{self.hex} {self.name}"

    @property
    def hex(self) -> str:
        """Answer the value as most logs write it: 0x and eight digits."""
        return f"0x{self.value:08X}"

    @property
    def win32(self) -> int | None:
        """Answer the error of Win32 that it was made from, where it was."""
        return self.value - _WIN32 if _WIN32 <= self.value < _WIN32 + _WIN32_LIMIT else None


def _table(first: int, rows: str) -> Iterator[Code]:
    for row in rows.strip().splitlines():
        number, name, text = row.split(maxsplit=2)
        yield Code(first + int(number, 16), name, text)


# Source: winerror.h; learn.microsoft.com/windows/win32/com/com-error-codes-4, /windows/win32/debug/system-error-codes.
_NTE = """
01 NTE_BAD_UID Bad UID.
02 NTE_BAD_HASH Bad Hash.
03 NTE_BAD_KEY Bad Key.
04 NTE_BAD_LEN Bad Length.
05 NTE_BAD_DATA Bad Data.
06 NTE_BAD_SIGNATURE Invalid Signature.
07 NTE_BAD_VER Bad Version of provider.
08 NTE_BAD_ALGID Invalid algorithm specified.
09 NTE_BAD_FLAGS Invalid flags specified.
0A NTE_BAD_TYPE Invalid type specified.
0B NTE_BAD_KEY_STATE Key not valid for use in specified state.
0C NTE_BAD_HASH_STATE Hash not valid for use in specified state.
0D NTE_NO_KEY Key does not exist.
0E NTE_NO_MEMORY Insufficient memory available for the operation.
0F NTE_EXISTS Object already exists.
10 NTE_PERM Access denied.
11 NTE_NOT_FOUND Object was not found.
12 NTE_DOUBLE_ENCRYPT Data already encrypted.
13 NTE_BAD_PROVIDER Invalid provider specified.
14 NTE_BAD_PROV_TYPE Invalid provider type specified.
15 NTE_BAD_PUBLIC_KEY Provider's public key is invalid.
16 NTE_BAD_KEYSET Keyset does not exist
17 NTE_PROV_TYPE_NOT_DEF Provider type not defined.
18 NTE_PROV_TYPE_ENTRY_BAD Provider type as registered is invalid.
19 NTE_KEYSET_NOT_DEF The keyset is not defined.
1A NTE_KEYSET_ENTRY_BAD Keyset as registered is invalid.
1B NTE_PROV_TYPE_NO_MATCH Provider type does not match registered value.
1C NTE_SIGNATURE_FILE_BAD The digital signature file is corrupt.
1D NTE_PROVIDER_DLL_FAIL Provider DLL failed to initialize correctly.
1E NTE_PROV_DLL_NOT_FOUND Provider DLL could not be found.
1F NTE_BAD_KEYSET_PARAM The Keyset parameter is invalid.
20 NTE_FAIL An internal error occurred.
21 NTE_SYS_ERR A base error occurred.
22 NTE_SILENT_CONTEXT Provider could not perform the action since the context was acquired as silent.
23 NTE_TOKEN_KEYSET_STORAGE_FULL The security token does not have storage space available for an additional container.
24 NTE_TEMPORARY_PROFILE The profile for the user is a temporary profile.
25 NTE_FIXEDPARAMETER The key parameters could not be set because the CSP uses fixed parameters.
26 NTE_INVALID_HANDLE The supplied handle is invalid.
27 NTE_INVALID_PARAMETER The parameter is incorrect.
28 NTE_BUFFER_TOO_SMALL The buffer supplied to a function was too small.
29 NTE_NOT_SUPPORTED The requested operation is not supported.
2A NTE_NO_MORE_ITEMS No more data is available.
"""
_WIN32_ERRORS = """
002 ERROR_FILE_NOT_FOUND The system cannot find the file specified.
005 ERROR_ACCESS_DENIED Access is denied.
006 ERROR_INVALID_HANDLE The handle is invalid.
00D ERROR_INVALID_DATA The data is invalid.
056 ERROR_INVALID_PASSWORD The specified network password is not correct.
520 ERROR_NO_SUCH_LOGON_SESSION A specified logon session does not exist. It may already have been terminated.
"""
_OTHERS = """
80092004 CRYPT_E_NOT_FOUND Cannot find object or property.
8009200B CRYPT_E_NO_KEY_PROPERTY The certificate does not have a property that references a private key.
8009030D SEC_E_UNKNOWN_CREDENTIALS The credentials supplied to the package were not recognized
8009030E SEC_E_NO_CREDENTIALS No credentials are available in the security package
800B0101 CERT_E_EXPIRED A required certificate is not within its validity period.
800B0109 CERT_E_UNTRUSTEDROOT A certificate chain ended in a root certificate which is not trusted.
80100003 SCARD_E_INVALID_HANDLE The supplied handle was invalid.
"""

CODES: tuple[Code, ...] = (*_table(0x80090000, _NTE), *_table(_WIN32, _WIN32_ERRORS), *_table(0, _OTHERS))
BY_NAME = {code.name: code for code in CODES}
BY_VALUE = {code.value: code for code in CODES}
_ALIASES = {"E_ACCESSDENIED": "ERROR_ACCESS_DENIED", "E_HANDLE": "ERROR_INVALID_HANDLE"}

_HEX = re.compile(r"(?:0x)?([0-9a-f]{8})[lu]?", re.IGNORECASE)
_DECIMAL = re.compile(r"-\d{1,10}|\d{10}")
_SHORT = re.compile(r"0x([0-9a-f]{1,4})|(\d{1,5})", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"(?<![\w-])(?:(?:0x)?8[0-9a-f]{7}|-\d{10}|21[45]\d{7}|(?:NTE|ERROR|CRYPT_E|SEC_E|CERT_E|SCARD_E|E)_[A-Z_]+)"
    r"(?![\w-])",
    re.IGNORECASE,
)
_FAILURE = 0x80000000


def without_codes(text: str) -> str:
    """Answer *text* without what is written as codes are, known ones or not."""
    return _IN_TEXT.sub(" ", text)


def number(spelling: str) -> int | None:
    """Answer the HRESULT that *spelling* writes as a number of 32 bits, known here or not; None where it is none."""
    if match := _HEX.fullmatch(spelling):
        value = int(match[1], 16)
        return value if value >= _FAILURE else None
    if _DECIMAL.fullmatch(spelling):
        value = int(spelling)
        value += 2**32 if value < 0 else 0
        return value if _FAILURE <= value < 2**32 else None
    return None


def parse(spelling: str) -> Code | None:
    """Answer the known code that *spelling* means, by name or as a number in any form; None where there is none."""
    text = spelling.strip().strip("()[]'\",.;:")
    name = text.upper()
    if code := BY_NAME.get(_ALIASES.get(name, name)):
        return code
    value = number(text)
    if value is None and (short := _SHORT.fullmatch(text)):
        value = _WIN32 + (int(short[1], 16) if short[1] else int(short[2]))
    return BY_VALUE.get(value) if value is not None else None


def found_in(text: str) -> tuple[Code, ...]:
    """Answer the known codes that stand in *text*, once each, in their order; short numbers do not count there."""
    codes = (parse(match[0]) for match in _IN_TEXT.finditer(text))
    return tuple(dict.fromkeys(code for code in codes if code is not None))
