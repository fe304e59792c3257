"""What policy advises to type names the inventory that was given."""

from keydeploy.errors import Problem
from keydeploy.report.model import Report, Verb
from keydeploy.report.naming import named
from keydeploy.spec import Kind, Notice

ADVICE = "keydeploy rotate INVENTORY machine_keys.portal replaces it on all nodes at one instant"


def advised(*inventories: str) -> tuple[str, str | None, str | None]:
    """Answer a problem and two notices, of which one has no advice, for *inventories*."""
    due = Notice(kind=Kind.DUE, farm="portal", address="machine_keys.portal", text="due", hint=ADVICE)
    unused = Notice(kind=Kind.UNUSED, farm="portal", address="machine_keys.portal", text="unused")
    problem = Problem(None, "machine_keys.portal", f"public; make a new one: {ADVICE}", policy=True)
    found = named(Report(verb=Verb.PLAN, problems=(problem,), policy=(due, unused)), inventories)
    return found.problems[0].text, found.policy[0].hint, found.policy[1].hint


def test_a_command_can_be_typed_as_it_stands() -> None:
    text, hint, none = advised("the farm.yml", "more.yml")
    assert text.startswith("public; make a new one: keydeploy rotate 'the farm.yml' -i more.yml machine_keys.portal ")
    assert hint == ADVICE.replace("INVENTORY", "'the farm.yml' -i more.yml")
    assert none is None


def test_without_an_inventory_it_stays_as_it_is() -> None:
    assert advised()[1] == ADVICE
