"""Writes values as YAML that Ansible reads as they are.

Text that looks like an expression is marked, so that nothing is filled into it; a text of several lines is a block.
"""

import re
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\{[{%#]")
_WIDE = 100_000
"""Nothing is broken into lines."""


def as_yaml(value: Any) -> str:
    """Write *value*: mappings, whose order stays, lists and scalars."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=_WIDE, allow_unicode=True)


def is_expression(text: str) -> bool:
    """Tell whether Ansible would take *text* for an expression."""
    return bool(_EXPRESSION.search(text))


class Expression(str):
    """Text of ours that Ansible shall resolve; never one that somebody else gave."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes each value out where it stands, with a tag for what Ansible shall not touch."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - a reader of the file has enough to understand
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    tag = "!unsafe" if is_expression(text) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Expression, yaml.SafeDumper.represent_str)
