"""How key material is refused: with the next step, and without a part of what was refused."""

from collections.abc import Callable

import pytest

from keydeploy.errors import KeyMaterialError

_PIECE = 16


def refusal(read: Callable[[], object], *values: str) -> KeyMaterialError:
    """Answer how *read* refuses *values*, of which no piece may be told, not even by an error behind the error."""
    with pytest.raises(KeyMaterialError) as caught:
        read()
    error = caught.value
    told = f"{error!r} {error} {error.message} {error.hint}"
    assert error.hint
    assert error.__context__ is None
    assert error.__cause__ is None
    for value in values:
        pieces = {line[start : start + _PIECE] for line in value.splitlines() for start in (0, 8, 40)}
        assert not [
            piece for piece in pieces if len(piece) == _PIECE and not piece.startswith(("-", "<")) and piece in told
        ]
    return error
