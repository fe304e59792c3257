"""Accounts: their security identifiers, by the names that people give them."""

import pytest

from keydeploy.node.contract import ReadAccount
from tests.node.contract.asking import ask, done, refusal
from tests.node.contract.under_test import NodeUnderTest

WELL_KNOWN = {
    "Administrators": "S-1-5-32-544",
    "BUILTIN\\Administrators": "S-1-5-32-544",
    "Users": "S-1-5-32-545",
    "BUILTIN\\Users": "S-1-5-32-545",
    "IIS_IUSRS": "S-1-5-32-568",
    "BUILTIN\\IIS_IUSRS": "S-1-5-32-568",
    "SYSTEM": "S-1-5-18",
    "NT AUTHORITY\\SYSTEM": "S-1-5-18",
    "LOCAL SERVICE": "S-1-5-19",
    "NT AUTHORITY\\LOCAL SERVICE": "S-1-5-19",
    "NETWORK SERVICE": "S-1-5-20",
    "NT AUTHORITY\\NETWORK SERVICE": "S-1-5-20",
    "Authenticated Users": "S-1-5-11",
    "NT AUTHORITY\\Authenticated Users": "S-1-5-11",
    "Everyone": "S-1-1-0",
}
POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"


def sid(node: NodeUnderTest, name: str) -> str | None:
    found: str | None = done(node, ReadAccount(name), run="looking")["sid"]
    return found


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_an_account_of_every_windows_is_found(node: NodeUnderTest, name: str) -> None:
    assert sid(node, name) == WELL_KNOWN[name]


@pytest.mark.parametrize("name", ["everyone", "EVERYONE", "nt authority\\system", "builtin\\ADMINISTRATORS"])
def test_an_account_is_found_whatever_the_case_of_its_name(node: NodeUnderTest, name: str) -> None:
    known = {each.lower(): identifier for each, identifier in WELL_KNOWN.items()}
    assert sid(node, name) == known[name.lower()]


@pytest.mark.parametrize(
    "name",
    ["keydeploy-nobody", "KEYDEPLOY-NOWHERE\\nobody", "nobody@keydeploy.invalid", "IIS AppPool\\keydeploy-nothing"],
)
def test_an_account_that_does_not_exist_is_an_answer(node: NodeUnderTest, name: str) -> None:
    assert sid(node, name) is None


@pytest.mark.parametrize("identifier", ["S-1-1-0", "S-1-5-32-545", POOL])
def test_a_security_identifier_is_its_own_answer(node: NodeUnderTest, identifier: str) -> None:
    assert sid(node, identifier) == sid(node, identifier.lower()) == identifier


def test_an_account_without_a_name_is_none(node: NodeUnderTest) -> None:
    assert refusal(node, ReadAccount("")) == "request"


def test_an_account_that_cannot_be_told_leaves_the_others_to_be_told(node: NodeUnderTest) -> None:
    first, second = ask(node, ReadAccount(""), ReadAccount("S-1-1-0"))
    assert (first["error"]["code"], second["ok"]["sid"]) == ("request", "S-1-1-0")


def test_looking_for_accounts_changes_nothing(node: NodeUnderTest) -> None:
    before = node.tree()
    for _ in range(2):
        assert sid(node, "S-1-1-0") == "S-1-1-0"
    assert node.tree() == before
