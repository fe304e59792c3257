"""Shows characters that would control a screen, or the direction of writing, and what is none, as signs for them.

Reports come from files too: nothing in one may move a cursor, hide a word, or turn a path around.
"""

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_OTHERS = (0x7F, *range(0x80, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Delete, the second set of controls, and marks, embeddings, overrides and isolates of bidirectional text.

Source: Unicode Standard Annex 9.
"""
_HALVES = range(0xD800, 0xE000)
"""Surrogates, which stand for what is no character, such as a byte of a file name."""
_SIGNS = {**_CONTROLS, **dict.fromkeys((*_OTHERS, *_HALVES), "\N{REPLACEMENT CHARACTER}")}


def visible(text: str) -> str:
    """Answer *text* with a sign for each such character; line ends and tabs stay."""
    return text.translate(_SIGNS)
