"""References are resolved as Ansible does it, though most of them without its templates."""

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from plugins.plugin_utils.declarations import declare

VARIABLES: dict[str, Any] = {
    "plain": "a text",
    "number": 7,
    "digits": "1234",
    "truth": True,
    "empty": "",
    "nothing": None,
    "list": ["first", {"name": "second"}],
    "vault": {"key": "of the vault", "items": "not the method", "_hidden": "a", "with space": "b", "deep": {"er": "c"}},
    "expression": trust_as_template("{{ vault.key }} and {{ plain }}"),
    "another": trust_as_template("{{ vault }}"),
    "untrusted": "{{ plain }}",
    "braces": "{ not an expression }",
    "header": "#jinja2: variable_start_string:'[%' , variable_end_string:'%]'\n[% plain %]",
    "undeclared": trust_as_template("{{ nowhere }}"),
}


class HostVars:
    def __init__(self, variables: dict[str, Any]) -> None:
        self._variables = variables

    def raw_get(self, _host: str) -> dict[str, Any]:
        return self._variables


def resolved(text: str, *, trusted: bool = True) -> Any:
    """Answer what keydeploy makes of *text*."""
    variables = VARIABLES | {"keydeploy": {"value": trust_as_template(text) if trusted else text}}
    declaration = declare(templar(), HostVars(variables), "web1")
    assert declaration is not None
    return "refused" if declaration.problems else declaration.value["value"]


def expected(text: str, *, trusted: bool = True) -> Any:
    """Answer what Ansible makes of *text*."""
    try:
        return templar().template(trust_as_template(text) if trusted else text)
    except Exception:  # whatever it is
        return "refused"


def templar() -> Templar:
    return Templar(loader=DataLoader(), variables=VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_reference_is_what_ansible_makes_of_it(name: str) -> None:
    assert resolved(f"{{{{ {name} }}}}") == expected(f"{{{{ {name} }}}}")


@pytest.mark.parametrize(
    "reference",
    [
        "vault.key",
        "vault['key']",
        'vault["with space"]',
        "vault.deep.er",
        "vault.deep['er']",
        "vault['items']",
        "vault._hidden",
        "vault.nowhere",
        "list[0]",
        "list[1].name",
        "list[2]",
        "another.key",
        "vault.key | upper",
        "plain.upper()",
        "number + 1",
    ],
)
def test_a_part_of_something_is_what_ansible_makes_of_it(reference: str) -> None:
    assert resolved(f"{{{{ {reference} }}}}") == expected(f"{{{{ {reference} }}}}")


@pytest.mark.parametrize("name", ["plain", "vault.key"])
def test_a_text_that_is_no_template_for_ansible_is_none_here(name: str) -> None:
    assert resolved(f"{{{{ {name} }}}}", trusted=False) == expected(f"{{{{ {name} }}}}", trusted=False)


@pytest.mark.parametrize("text", ["a text", "", "#jinja2", "50%", "{", "{% if true %}yes{% endif %}", "{# nothing #}"])
def test_a_text_without_reference_is_what_ansible_makes_of_it(text: str) -> None:
    assert resolved(text) == expected(text)


def test_a_part_whose_name_is_also_that_of_a_method_is_left_to_ansible() -> None:
    assert resolved("{{ vault.items }}") == expected("{{ vault.items }}") == "refused"
