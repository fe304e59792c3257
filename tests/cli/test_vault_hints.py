"""A vault password that does not fit is told with where it came from, so that the right one is corrected."""

import pytest

from keydeploy.engine import Arguments
from keydeploy.secret import Secret

SEVERAL = "values of several passwords need several identities (--vault-id NAME@FILE)"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (Arguments(inventories=(), vault_ids=["prod@prod.txt"]), f"check --vault-id prod@prod.txt; {SEVERAL}"),
        (
            Arguments(inventories=(), vault_ids=["a@b"], vault_password_files=["c"]),
            f"check --vault-id a@b and --vault-password-file c; {SEVERAL}",
        ),
        (
            Arguments(inventories=()),
            f"check the vault password that ansible.cfg or the environment names; {SEVERAL}",
        ),
        (
            Arguments(inventories=(), vault_password=Secret(b"marked-secret")),
            "type it again; ansible-vault view FILE tells whether it is the right one",
        ),
    ],
)
def test_the_next_step_is_to_look_where_the_password_came_from(given: Arguments, hint: str) -> None:
    assert given.password_hint == hint
