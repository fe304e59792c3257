"""Made-up keys, as random as real ones, and the texts in which they stand."""

import hashlib
from string import Template

from keydeploy.keys.machine_key import generate


def digits(name: str, length: int) -> str:
    """Answer *length* hex digits that look random and are the same in every run."""
    return hashlib.shake_256(name.encode()).hexdigest(length)[:length].upper()


_PAIR = generate(lambda length: bytes.fromhex(digits(f"pair {length}", 2 * length)))
VALIDATION_KEY = _PAIR.validation_key.reveal().decode()
DECRYPTION_KEY = _PAIR.decryption_key.reveal().decode()
KEYS = {
    "validation_key": VALIDATION_KEY,
    "decryption_key": DECRYPTION_KEY,
    "other_key": digits("other", 128),
    "key_16": digits("16", 16),
    "key_32": digits("32", 32),
    "key_48": digits("48", 48),
    "key_256": digits("256", 256),
    "key_odd": digits("odd", 41),
    "key_not_hex": "5T" + digits("not hex", 62),
}


def filled_in(text: str) -> str:
    """Answer *text* with keys in the place of `$validation_key` and the others."""
    return Template(text).substitute(KEYS)
