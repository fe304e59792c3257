"""Values are replaced where they are kept; what stands in clear stays what it is, and no secret joins it."""

from dataclasses import dataclass

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from keydeploy.rotation.keeping import Kept, Replacement, replace
from keydeploy.secret import Secret
from plugins.plugin_utils.vaults import AnsibleVault


@dataclass(frozen=True)
class Vaults:
    """Ansible's own vault with two passwords."""

    known: AnsibleVault
    other: AnsibleVault


@pytest.fixture(scope="module")
def vaults() -> Vaults:
    return Vaults(vault(prod=b"one", dev=b"two"), vault(dev=b"three"))


def vault(**passwords: bytes) -> AnsibleVault:
    loader = DataLoader()
    loader.set_vault_secrets([(label, VaultSecret(password)) for label, password in passwords.items()])
    return AnsibleVault(loader)


def sealed(text: str, label: str | None = None, password: bytes = b"one") -> str:
    loader = DataLoader()
    loader.set_vault_secrets([("any", VaultSecret(password))])
    encrypted: bytes = loader._vault.encrypt(text, vault_id=label)
    return encrypted.decode()


def inline(text: str, label: str, password: bytes, indentation: int = 4) -> str:
    return "!vault |\n" + "".join(f"{' ' * indentation}{line}\n" for line in sealed(text, label, password).splitlines())


def wanted(line: int, column: int, present: str, value: str, *, may_be_clear: bool = False) -> Replacement:
    return Replacement(
        address="portal/machine_keys.portal.validation_key",
        line=line,
        column=column,
        present=Secret.of(present),
        value=Secret.of(value),
        may_be_clear=may_be_clear,
    )


def edited(content: bytes, kept: Kept) -> bytes:
    assert kept.problems == ()
    for edit in sorted(kept.edits, key=lambda edit: edit.start, reverse=True):
        end = edit.start + len(edit.old)
        assert content[edit.start : end] == edit.old
        content = content[: edit.start] + edit.new + content[end:]
    return content


def opened(text: str, by: AnsibleVault) -> str:
    found = by.open(text)
    assert found is not None
    return found[0].reveal().decode()


@pytest.mark.parametrize(
    ("label", "password"), [("prod", b"one"), ("dev", b"two"), ("elsewhere", b"two"), (None, b"one")]
)
def test_a_file_that_is_encrypted_whole_stays_so_with_its_label_and_password(
    vaults: Vaults, label: str | None, password: bytes
) -> None:
    content = sealed("# note\na: AABB  # one\nb: CCDD\n", label, password)

    after = edited(content.encode(), replace("v.yml", content.encode(), [wanted(2, 4, "AABB", "EEFF")], vaults.known))

    assert after.decode().partition("\n")[0] == content.partition("\n")[0]
    assert opened(after.decode(), vault(it=password)) == "# note\na: EEFF  # one\nb: CCDD\n"
    assert vaults.other.open(after.decode()) is None


def test_values_of_a_file_in_clear_are_replaced_each_by_itself(vaults: Vaults) -> None:
    one, two = inline("AABB", "prod", b"one"), inline("CCDD", "dev", b"two", 2)
    text = f"grüße: 1\na: {one}# between\nb: {two}created: 2024-02-29 # the day\n"
    line = text[: text.index("b: !v")].count("\n") + 1
    day = text[: text.index("created")].count("\n") + 1
    replacements = [
        wanted(2, 4, "AABB", "1111"),
        wanted(line, 4, "CCDD", "2222"),
        wanted(day, 10, "2024-02-29", "2026-11-21", may_be_clear=True),
    ]

    kept = replace("v.yml", text.encode(), replacements, vaults.known)

    after = edited(text.encode(), kept).decode()
    assert len(kept.edits) == 3
    assert [part for part in after.splitlines() if part[:1] != " "] == [
        "grüße: 1",
        "a: !vault |",
        "# between",
        "b: !vault |",
        "created: 2026-11-21 # the day",
    ]
    first = "".join(f"{each.strip()}\n" for each in after.split("!vault |")[1].splitlines() if each[:1] == " ")
    assert (opened(first, vault(it=b"one")), first.startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")) == ("1111", True)


def test_a_value_that_is_encrypted_in_an_encrypted_file_stays_so(vaults: Vaults) -> None:
    content = sealed(f"a: {inline('AABB', 'dev', b'two')}")
    after = edited(content.encode(), replace("v.yml", content.encode(), [wanted(1, 4, "AABB", "EEFF")], vaults.known))
    assert opened(after.decode(), vaults.known).startswith("a: !vault |\n    $ANSIBLE_VAULT;1.2;AES256;dev\n")


@pytest.mark.parametrize(
    ("content", "present", "told"),
    [
        ("a: AABB\n", "AABB", "kept in clear"),
        ('a: "{{ lookup() }}"\n', "AABB", "comes out of an expression that stands here"),
        (f"a: {inline('CCDD', 'prod', b'one')}", "AABB", "comes out of an expression"),
        (f"a: {inline('AABB', 'prod', b'unknown')}", "AABB", "cannot be decrypted"),
        (sealed("a: AABB\n", "prod", b"unknown"), "AABB", "cannot be decrypted"),
        (sealed("a: 'CCDD'\n"), "AABB", "comes out of an expression"),
        (sealed("b:\n  - [AABB]\n"), "AABB", "no value of YAML begins here"),
        ("a: [\n", "AABB", "not YAML"),
        ("$ANSIBLE_VAULT;1.1;AES256\nzz\n", "AABB", "cannot be decrypted"),
    ],
)
def test_what_cannot_be_replaced_there_is_told_with_its_place_and_without_the_value(
    vaults: Vaults, content: str, present: str, told: str
) -> None:
    kept = replace("v.yml", content.encode(), [wanted(1, 4, present, "EEFF")], vaults.known)

    (problem,) = kept.problems
    assert kept.edits == ()
    assert str(problem).startswith("v.yml")
    assert told in problem.text
    assert not any(key in str(problem) for key in ("AABB", "CCDD", "EEFF"))


def test_a_file_of_another_encoding_is_refused(vaults: Vaults) -> None:
    (problem,) = replace("v.yml", "a: ü".encode("latin-1"), [wanted(1, 4, "AABB", "EEFF")], vaults.known).problems
    assert "not UTF-8" in problem.text


def test_one_problem_leaves_the_whole_file_as_it_is(vaults: Vaults) -> None:
    text = f"a: {inline('AABB', 'prod', b'one')}b: CCDD\n"
    line = text.count("\n")
    kept = replace("v.yml", text.encode(), [wanted(1, 4, "AABB", "1"), wanted(line, 4, "CCDD", "2")], vaults.known)
    assert (kept.edits, len(kept.problems)) == ((), 1)
