"""Shows characters that would control a screen, or the direction of writing, and what is none, as signs for them.

Reports come from files too: nothing in one may move a cursor, hide a word, turn a path around, or begin a line that
looks like one of keydeploy's own.
"""

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates of bidirectional text (source: Unicode Standard Annex 9)."""
_UNSEEN = (0x200B, 0x2060, 0xFEFF)
"""Spaces and joiners without a width, by which two names that look alike are not the same."""
_OTHERS = (0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, *_BIDIRECTIONAL, *_UNSEEN)
"""Delete, the second set of controls, separators of lines and paragraphs, and what is named above."""
_HALVES = range(0xD800, 0xE000)
"""Surrogates, which stand for what is no character, such as a byte of a file name."""
_SIGNS = {**_CONTROLS, **dict.fromkeys((*_OTHERS, *_HALVES), "\N{REPLACEMENT CHARACTER}")}

_LINE_ENDS = {code: chr(0x2400 + code) for code in (0x0A, 0x0D)}


def visible(text: str) -> str:
    """Answer *text* with a sign for each such character; line ends and tabs stay."""
    return text.translate(_SIGNS)


def visible_line(text: str) -> str:
    """Answer *text* as `visible` does, and on one line: a line end becomes a sign too."""
    return visible(text).translate(_LINE_ENDS)
