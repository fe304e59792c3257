"""Fills in the templates: everything that comes from a report is escaped, and no style but the page's own counts."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from keydeploy.report.visible import visible

_TEMPLATES = Path(__file__).parent / "templates"
_ENDS = re.compile(r"(?<=[./\\:_])(?=[^./\\:_])")


def page(template: str, **values: object) -> str:
    """Answer the page that *template* makes of *values*."""
    style = stylesheet()
    return _environment().get_template(template).render(**values, style=style, policy=content_policy(style))


def stylesheet() -> str:
    """Answer the style of every page."""
    return (_TEMPLATES / "style.css").read_text("utf-8")


def content_policy(style: str) -> str:
    """Answer the content security policy of a page with *style*: that is all it may use, and it may load nothing.

    Source: W3C, Content Security Policy Level 3; a hash is of the bytes between the tags, in UTF-8.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _finalize(value: object) -> object:
    # Markup is a text too, of macros; it holds what has passed here already.
    return visible(value) if type(value) is str else value


def _breakable(text: str) -> Markup:
    """Answer *text* escaped, with leave to begin a new line where a part of an address or a path ends."""
    parts = _ENDS.split(visible(text))
    return Markup("<wbr>").join(escape(part) for part in parts)
