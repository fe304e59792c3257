"""Who may use a key: accounts and their SIDs, and access lists in all the ways in which Windows writes them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.access import (
    ADMINISTRATORS,
    SYSTEM,
    Names,
    differences,
    entries,
    known_sid,
    pool_account,
    pool_sid,
    readers,
    sddl,
)

deterministic = settings(derandomize=True, deadline=None, max_examples=200)

POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
USERS = "S-1-5-32-545"
DOMAIN_USERS = "S-1-5-21-1004336348-1177238915-682003330-513"
NAMES = Names(by_sid={POOL: "IIS AppPool\\Portal", DOMAIN_USERS: "CONTOSO\\Domain Users"})
OTHERS = "(A;;GA;;;SY)(A;;GA;;;BA)"
"""The entries of SYSTEM and Administrators."""


def told(descriptor: str | None, *readers: str) -> str:
    """Answer the changes that make *descriptor* be for *readers*; nothing where there are none."""
    found = differences(descriptor, readers, NAMES)
    assert len(found) <= 1
    return "".join(difference.wanted for difference in found)


@pytest.mark.parametrize(
    ("pool", "numbers"),
    [
        # The pools that IIS and the .NET Framework make, as exports of user rights (secedit) list them.
        ("DefaultAppPool", "3006700770-424185619-1745488364-794895919-4004696415"),
        (".NET v4.5", "271721585-897601226-2024613209-625570482-296978595"),
        (".NET v4.5 Classic", "3876422241-1344743610-1729199087-774402673-2621913236"),
        (".NET v2.0", "3682073875-1643277370-2842298652-3532359455-2406259117"),
        (".NET v2.0 Classic", "4068219030-1673637257-3279585211-533386110-4122969689"),
        ("Classic .NET AppPool", "1036420768-1044797643-1061213386-2937092688-4282445334"),
    ],
)
def test_the_sid_of_a_pool_is_the_one_that_windows_computes(pool: str, numbers: str) -> None:
    assert pool_sid(pool) == pool_sid(pool.upper()) == f"S-1-5-82-{numbers}"
    assert known_sid(pool_account(pool)) == known_sid(f"iis apppool\\{pool.lower()}") == f"S-1-5-82-{numbers}"


@pytest.mark.parametrize(
    ("account", "sid"),
    [
        ("SYSTEM", SYSTEM),
        ("NT AUTHORITY\\SYSTEM", SYSTEM),
        ("LocalSystem", SYSTEM),
        ("NT Authority\\Network Service", "S-1-5-20"),
        ("NetworkService", "S-1-5-20"),
        ("LOCAL SERVICE", "S-1-5-19"),
        ("LocalService", "S-1-5-19"),
        ("BUILTIN\\Administrators", ADMINISTRATORS),
        ("administrators", ADMINISTRATORS),
        ("BUILTIN\\IIS_IUSRS", "S-1-5-32-568"),
        ("NT AUTHORITY\\IUSR", "S-1-5-17"),
        ("Everyone", "S-1-1-0"),
        ("Authenticated Users", "S-1-5-11"),
        ("S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1001"),
        ("s-1-5-32-545", USERS),
        ("CONTOSO\\portal", None),
        ("portal", None),
        ("CONTOSO\\Users", None),
        ("portal@contoso.example", None),
        ("NT SERVICE\\W3SVC", None),
    ],
)
def test_a_node_is_asked_about_accounts_of_its_own_alone(account: str, sid: str | None) -> None:
    assert known_sid(account) == sid


def test_a_key_is_for_system_administrators_and_readers_and_nothing_is_inherited() -> None:
    assert sddl([]) == "D:P(A;;GA;;;SY)(A;;GA;;;BA)"
    assert sddl([POOL, USERS, POOL]) == f"D:P{OTHERS}(A;;GR;;;{USERS})(A;;GR;;;{POOL})"
    assert sddl([SYSTEM, ADMINISTRATORS]) == sddl([])


@pytest.mark.parametrize(
    "descriptor",
    [
        f"D:{OTHERS}(A;;GR;;;{POOL})",
        f"D:P{OTHERS}(A;;GR;;;{POOL})",
        f"D:PAI{OTHERS}(A;;GR;;;{POOL})",
        f"D:ARAI{OTHERS}(A;;FR;;;{POOL})",
        f"D:(A;ID;GA;;;SY)(A;ID;GA;;;BA)(A;ID;GR;;;{POOL})",
        f"D:P(A;;GR;;;{POOL}){OTHERS}",
        f"D:P(A;;GA;;;{SYSTEM})(A;;GA;;;{ADMINISTRATORS})(A;;GR;;;{POOL.lower()})",
        f"D:PAI(A;;0xd01f01ff;;;SY)(A;;0xd01f01ff;;;BA)(A;;0x80120089;;;{POOL})",
        f"D:(A;;0x1f01ff;;;SY)(A;;0x1F019B;;;BA)(A;;0x120089;;;{POOL})",
        f"D:(A;;FA;;;SY)(A;;0X1f019b;;;BA)(A;;0x80000000;;;{POOL})",
        f"D:(A;;2032127;;;SY)(A;;268435456;;;BA)(A;;1179785;;;{POOL})",
        f"D:(A;;GAFA;;;SY)(A;;GRGWGXGA;;;BA)(A;;GRFR;;;{POOL})",
        f"D:(A;;GA;;;SY)(A;;FRFWFX;;;BA)(A;;0x10000;;;BA)(A;;WDWO;;;BA)(A;;GR;;;{POOL})",
        f"D:{OTHERS}(A;;CCSWLORC;;;{POOL})",
        f"D:{OTHERS}(A;;0x1;;;{POOL})",
        f"D:{OTHERS}(A;;FR;;;{POOL})(A;;0x1;;;{POOL})(A;ID;GR;;;{POOL})",
        f"D:{OTHERS}(A;;GR;;;{POOL})(A;OICIIO;GA;;;CO)(A;IOID;FA;;;BU)",
        f"D:{OTHERS}(A;OICI;GR;;;{POOL})",
        f"O:BAG:SYD:P{OTHERS}(A;;GR;;;{POOL})",
        f"O:EDG:EDD:{OTHERS}(A;;GR;;;{POOL})S:(AU;SAFA;FA;;;WD)",
        f"O:{USERS}G:{USERS}D:{OTHERS}(A;;GR;;;{POOL})S:AI(ML;;NW;;;LW)",
        f"D:{OTHERS}(OA;;GR;;;{POOL})",
    ],
)
def test_a_list_that_means_the_same_is_as_wanted(descriptor: str) -> None:
    assert differences(descriptor, [POOL], NAMES) == ()


@pytest.mark.parametrize(
    ("entry", "changes"),
    [
        ("", "add IIS AppPool\\Portal"),
        (f"(A;;GR;;;{POOL})(A;;GR;;;BU)", "remove Users"),
        ("(A;;FR;;;BU)", "add IIS AppPool\\Portal, remove Users"),
        (f"(A;;GR;;;{POOL})(A;;GA;;;CO)(A;;GR;;;WD)", "remove CREATOR OWNER, remove Everyone"),
        (f"(A;;GR;;;{POOL})(A;ID;GR;;;IS)", "remove IIS_IUSRS"),
        (f"(A;;GR;;;{POOL})(A;;GR;;;S-1-5-21-1-2-3-1001)", "remove S-1-5-21-1-2-3-1001"),
        (f"(A;;GR;;;{POOL})(A;;GR;;;ZZ)", "remove ZZ"),
        (f"(A;;GR;;;{POOL})(A;;0x0;;;BU)", "remove Users"),
        (f"(A;;GA;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x1f01ff;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x1f019b;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x120080;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;RC;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x1200a9;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;FRFW;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x12019f;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;GRSD;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;GRWD;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;GRQQ;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;0x1f01ffZ;;;{POOL})", "give IIS AppPool\\Portal read access only"),
        (f"(A;;GR;;;{POOL})(D;;GR;;;{POOL})", "remove what denies IIS AppPool\\Portal"),
        (f"(D;;GW;;;WD)(A;;GR;;;{POOL})", "remove what denies Everyone"),
        (
            f"(D;ID;GA;;;BU)(OD;;GA;;;AN)(A;;GR;;;{POOL})",
            "remove what denies ANONYMOUS LOGON, remove what denies Users",
        ),
        (f"(D;;GA;;;{POOL})", "add IIS AppPool\\Portal, remove what denies IIS AppPool\\Portal"),
        (f"(D;IO;GA;;;BU)(A;IO;GR;;;{POOL})", "add IIS AppPool\\Portal"),
        (f'(XA;;GR;;;{POOL};(@User.Title=="PM"))', "give IIS AppPool\\Portal read access only"),
        (f'(A;;GR;;;{POOL})(XD;;GR;;;BU;((@User.a=="S:") && (Member_of {{SID(BA)}})))', "remove what denies Users"),
    ],
)
def test_what_differs_is_told_as_what_to_do(entry: str, changes: str) -> None:
    assert told(f"D:PAI{OTHERS}{entry}", POOL) == changes


@pytest.mark.parametrize("rights", [("FR", "FW"), ("GR", "0x2"), ("FR", "0x40000000"), ("FR", "SD")])
def test_several_entries_for_an_account_count_together_in_any_order(rights: tuple[str, str]) -> None:
    for order in (rights, rights[::-1]):
        both = "".join(f"(A;;{right};;;{POOL})" for right in order)
        assert told(f"D:{OTHERS}{both}", POOL) == "give IIS AppPool\\Portal read access only"


def test_system_and_administrators_have_full_access_also_where_they_are_declared_as_readers() -> None:
    readers = [SYSTEM, POOL, ADMINISTRATORS]
    assert differences(f"D:{OTHERS}(A;;GR;;;{POOL})", readers, NAMES) == ()
    assert told(f"D:(A;;GR;;;SY)(A;;GR;;;{POOL})", *readers) == "add Administrators, give SYSTEM full access"


@pytest.mark.parametrize(
    "descriptor", ["D:NO_ACCESS_CONTROL", "O:BAG:SY", "", "O:BAD:NO_ACCESS_CONTROLS:(AU;FA;FA;;;WD)"]
)
def test_a_key_without_an_access_list_is_for_everybody(descriptor: str) -> None:
    (found,) = differences(descriptor, [POOL], NAMES)
    assert (found.name, found.found) == ("key readers", "no limits")
    assert found.wanted == "Administrators, IIS AppPool\\Portal, SYSTEM"


@pytest.mark.parametrize("descriptor", ["D:", "D:P", "D:PAI", "O:BAG:SYD:", "D:PS:(AU;SAFA;FA;;;WD)"])
def test_an_empty_access_list_lets_nobody_in(descriptor: str) -> None:
    (found,) = differences(descriptor, [POOL], NAMES)
    assert found.found == "nobody"
    assert found.wanted == "add Administrators, add IIS AppPool\\Portal, add SYSTEM"


def test_where_nobody_knows_who_has_access_that_is_said() -> None:
    (found,) = differences(None, [POOL], NAMES)
    assert (found.found, found.wanted) == ("unknown", "Administrators, IIS AppPool\\Portal, SYSTEM")


def test_who_has_access_is_told_by_name() -> None:
    (found,) = differences(f"D:{OTHERS}(A;;GR;;;BU)(A;;GR;;;NS)(D;;GR;;;AN)", [POOL], NAMES)
    assert found.found == "Administrators, NETWORK SERVICE, SYSTEM, Users"


def test_an_account_of_the_nodes_own_domain_is_known_by_its_letters() -> None:
    descriptor = f"D:{OTHERS}(A;;GR;;;DU)"
    assert differences(descriptor, [DOMAIN_USERS], NAMES) == ()
    assert told(descriptor) == "remove Domain Users"
    assert told(f"D:{OTHERS}(A;;GA;;;DU)", DOMAIN_USERS) == "give CONTOSO\\Domain Users read access only"
    assert told(f"D:{OTHERS}(A;;GR;;;LA)", DOMAIN_USERS) == "add CONTOSO\\Domain Users, remove Administrator"
    assert told(descriptor, "S-1-5-32-513") == "add S-1-5-32-513, remove Domain Users"


def test_entries_tell_whom_they_concern() -> None:
    found = entries(f"O:SYD:P(D;;GA;;;BU)(A;;GR;;;{POOL})(A;IO;GA;;;CO)")
    assert [(entry.sid, entry.denies) for entry in found] == [(USERS, True), (POOL, False)]
    assert entries("D:NO_ACCESS_CONTROL") == entries("D:P") == ()


SIDS = st.sampled_from([POOL, USERS, DOMAIN_USERS, "S-1-1-0", "S-1-5-20", SYSTEM, ADMINISTRATORS]) | st.builds(
    "S-1-5-21-{}-{}-{}-{}".format, *[st.integers(0, 2**32 - 1)] * 3, st.integers(1000, 2**32 - 1)
)
READERS = st.sets(SIDS, max_size=5)
ALWAYS = {SYSTEM, ADMINISTRATORS}


@deterministic
@given(READERS)
def test_what_is_written_for_readers_is_read_as_theirs(readers: set[str]) -> None:
    assert differences(sddl(readers), readers, NAMES) == ()
    assert {entry.sid for entry in entries(sddl(readers))} == readers | ALWAYS


@deterministic
@given(READERS, SIDS)
def test_one_reader_more_or_less_is_told(readers: set[str], other: str) -> None:
    more, less = readers | {other}, readers - {other}
    expected = other not in ALWAYS
    assert told(sddl(less), *more) == (f"add {NAMES.of(other)}" if expected else "")
    assert told(sddl(more), *less) == (f"remove {NAMES.of(other)}" if expected else "")


@deterministic
@given(READERS, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(readers: set[str], random: Random) -> None:
    written = [f"(A;;GR;;;{sid})" for sid in readers - ALWAYS] + [f"(A;;GA;;;{sid})" for sid in ALWAYS]
    random.shuffle(written)
    assert differences(f"D:{''.join(written)}", readers, NAMES) == ()


@deterministic
@given(st.text(alphabet="ADOS:();GRW0x1fBUSY-", max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(entries(text), tuple)
    differences(text, [POOL], NAMES)


@pytest.mark.parametrize(
    ("descriptor", "names"),
    [
        (None, ()),
        ("O:BA", ("everybody",)),
        ("D:P", ()),
        (f"D:P{OTHERS}(A;;GR;;;{POOL})", ("Administrators", "IIS AppPool\\Portal", "SYSTEM")),
        (f"D:P(A;;GR;;;{DOMAIN_USERS})(A;;GR;;;S-1-5-21-1-2-3-4)", ("CONTOSO\\Domain Users", "S-1-5-21-1-2-3-4")),
    ],
)
def test_all_who_may_use_a_key_are_told_by_name(descriptor: str | None, names: tuple[str, ...]) -> None:
    assert readers(descriptor, NAMES) == names
