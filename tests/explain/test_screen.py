"""What explain shows at a terminal: on one screen, each command once, broken where its shell reads on."""

import re

import pytest

from keydeploy.explain import BY_ID, ENTRIES, Check, Entry, Where, look_up
from keydeploy.report.explanation import Explanation, everything

SCREEN, WIDTH = 60, 100


def shown(entry: Entry, width: int = WIDTH) -> list[str]:
    return [line.plain for line in Explanation(recognised=look_up(entry.id) or ()).lines(width)]


def joined(lines: list[str]) -> str:
    """Answer *lines* as the shells take them: one that goes on is one with the next."""
    return " ".join(re.sub(r" [`\\]$", "", line).strip() for line in lines)


def checks(entry: Entry) -> list[Check]:
    return [check for cause in entry.causes for check in cause.checks]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_explanation_fits_on_one_screen(entry: Entry) -> None:
    lines = shown(entry)

    assert len(lines) + sum(len(line) // (WIDTH + 1) for line in lines) <= SCREEN


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_each_command_comes_once_and_is_told_again_by_its_letter(entry: Entry) -> None:
    text, *rest = joined(shown(entry)).split("what keydeploy does:")

    assert rest
    for command in {check.command for check in checks(entry)}:
        assert len(re.findall(rf"(?<!keydeploy explain ){re.escape(command)}(?= \[| \d\. | *$)", text)) == 1, command
    assert len(re.findall(r"\[[a-z]\](?: on the node,| here,)? shows: ", text)) == len(checks(entry))


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_no_line_is_wider_than_the_terminal_but_for_a_single_word(entry: Entry, width: int) -> None:
    spec = (entry.remedy.spec or "").splitlines()
    for line in shown(entry, width):
        words = re.findall(r"""(?:"[^"]*"|'[^']*'|[^ "'])+""", line.strip())
        assert len(line) <= width or line.strip() in map(str.strip, spec) or len(set(words) - {"`", "\\"}) == 1, line


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_a_command_of_several_lines_is_the_command_when_it_is_pasted(entry: Entry) -> None:
    text = joined(shown(entry, 60))

    assert all(check.command in text for check in checks(entry))
    assert all(command in text for command in entry.remedy.commands)


def test_a_line_of_powershell_ends_where_powershell_reads_on() -> None:
    lines = [line.strip() for line in shown(BY_ID["bad-keyset"], 80)]
    start = next(place for place, line in enumerate(lines) if line.startswith("$c = New-Object"))
    end = next(place for place, line in enumerate(lines) if line.endswith("CryptoKeyRights"))

    assert end - start > 2
    assert all(line.endswith((";", "|", "`")) for line in lines[start:end])


def test_commands_of_the_controller_go_on_as_its_shell_wants_it() -> None:
    command = next(command for command in BY_ID["bad-keyset"].remedy.commands if len(command) > WIDTH // 2)
    lines = [line.strip() for line in shown(BY_ID["bad-keyset"], 50)]

    assert any(line.endswith(" \\") and command.startswith(line.removesuffix(" \\")) for line in lines)


def test_the_list_is_wrapped_at_words() -> None:
    assert all(len(line) <= WIDTH for line in everything().lines(WIDTH))


def test_where_a_command_is_run_is_told_beside_it() -> None:
    text = "\n".join(shown(BY_ID["bad-keyset"]))

    assert f"[a] {Where.NODE.value}, shows: " in text
    assert f"[b] {Where.CONTROLLER.value}, shows: " in text
