"""Lists of disclosed keys, made of keys that tests make up."""

import hashlib

from keydeploy.keys.disclosed import DisclosedKeys


def listing(*keys: str) -> DisclosedKeys:
    """Answer the list that holds *keys* as they are."""
    rows = (f"{hashlib.sha256(key.encode()).hexdigest()},{'0' * 64}" for key in keys)
    return DisclosedKeys.parse("\n".join(["validationKey, decryptionKey", *rows]).encode())
