"""Text can be read in light, in dark and on paper: 4.5 to 1 at least, computed from the style itself.

Source: WCAG 2.2, success criterion 1.4.3, and its definitions of relative luminance and contrast ratio.
"""

import re
from itertools import product

import pytest

from keydeploy.report.html.page import stylesheet

LEAST = 4.5
LIGHT, DARK, PAPER = "light", "dark", "paper"
TONES = ("fine", "new", "warn", "bad", "doubt", "off")
PAIRS = [
    *product(("ink", "muted", "link"), ("ground", "soft")),
    *((f"{tone}-ink", f"{tone}-ground") for tone in TONES),
    *product(("ink",), [f"{tone}-ground" for tone in TONES]),
    *product([f"{tone}-ink" for tone in ("fine", "bad")], ("soft", "ground")),
]
"""What is written on what."""


def schemes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]
    return dict(zip((LIGHT, DARK, PAPER), found, strict=True))


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PAPER])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[ink], colours[ground]) >= LEAST


def test_every_scheme_names_every_colour() -> None:
    names = [set(colours) for colours in schemes().values()]
    assert names[0] == names[1] == names[2]
    assert len(names[0]) == 6 + 2 * len(TONES)


def test_no_colour_stands_outside_the_schemes() -> None:
    outside = re.sub(r":root \{.*?\}", "", stylesheet(), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", outside)
