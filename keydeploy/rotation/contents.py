"""What a file gets by a rotation: the words for it, and whether that is the new key itself.

A key reaches a file encrypted only: by Ansible's vault, or by the password that the spec declares.
"""

from collections.abc import Collection
from enum import Enum


class Content(Enum):
    """What one value of a file becomes."""

    """In the order in which they are told of a file."""

    KEY = "the new key, encrypted"
    KEY_BEFORE = "the key of before, encrypted, as previous_key"
    CERTIFICATE = "the new certificate"
    CERTIFICATE_WITH_KEY = "the new certificate with its key, encrypted"
    CERTIFICATE_KEY = "the key of the new certificate, encrypted"
    DAY = "the day of this change, as created"

    @property
    def is_new_key(self) -> bool:
        """Tell whether the new private or secret key stands there, so that the value must not be lost."""
        return self in (Content.KEY, Content.CERTIFICATE_WITH_KEY, Content.CERTIFICATE_KEY)


def holds_new_key(contents: Collection[Content]) -> bool:
    """Tell whether a new key is among *contents*."""
    return any(content.is_new_key for content in contents)
