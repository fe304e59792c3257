"""Words come through shells, crons, YAML, XML and Windows as they are, whatever stands in them."""

import subprocess
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeydeployError
from keydeploy.schedule import shell
from tests.schedule.jobs import elsewhere, hostile, job, text

WORDS = st.lists(hostile(), min_size=1, max_size=3)
FEW = settings(max_examples=30, deadline=None)


def split_by_shell(line: str, shell_name: str = "/bin/sh") -> list[str]:
    """Answer the words that a shell makes of *line*."""
    done = subprocess.run([shell_name, "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def of_debian(command: str) -> str:
    """Answer what vixie-cron 3.0 gives the shell: it ends at a `%` without a backslash, and leaves backslashes."""
    escaped = False
    for place, letter in enumerate(command):
        if not escaped and letter == "%":
            return command[:place]
        escaped = not escaped and letter == "\\"
    return command


def of_others(command: str) -> str:
    r"""Answer what cron 4.1 gives the shell: it also makes `%` of `\%`, and `\` of `\\`."""
    told, escaped = "", False
    for letter in command:
        if escaped:
            told = told[:-1] + letter if letter in "%\\" else told + letter
            escaped = False
        elif letter == "%":
            return told
        else:
            told, escaped = told + letter, letter == "\\"
    return told


def split_by_windows(line: str) -> list[str]:
    """Answer the words of *line* by the rules of CommandLineToArgvW, without the first one's."""
    words: list[str] = []
    word, quoted, started, place = "", False, False, 0
    while place < len(line):
        slashes = len(line[place:]) - len(line[place:].lstrip("\\"))
        behind = line[place + slashes : place + slashes + 1]
        if slashes and behind == '"':
            word, started = word + "\\" * (slashes // 2), True
            place += slashes
            if slashes % 2:
                word, place = word + '"', place + 1
        elif slashes:
            word, started, place = word + "\\" * slashes, True, place + slashes
        elif behind == '"':
            quoted, started, place = not quoted, True, place + 1
        elif behind in " \t" and not quoted:
            words, word, started, place = [*words, *([word] if started else [])], "", False, place + 1
        else:
            word, started, place = word + behind, True, place + 1
    return [*words, *([word] if started else [])]


@FEW
@given(WORDS)
def test_a_shell_gets_the_words_from_any_cron(words: Sequence[str]) -> None:
    line = shell.for_cron(words)

    assert split_by_shell(of_debian(line)) == words
    assert split_by_shell(of_others(line)) == words


@FEW
@given(WORDS)
def test_bash_gets_the_words_from_github_and_github_finds_nothing_to_fill_in(words: Sequence[str]) -> None:
    line = shell.for_github(words)

    assert "${{" not in line
    assert split_by_shell(line, "/bin/bash") == words


@FEW
@given(hostile(1).filter(lambda text: not text.startswith("-")), hostile(1))
def test_a_cron_line_holds_one_line_with_the_command_of_the_user_in_it(inventory: str, command: str) -> None:
    try:
        found = text("cron", job(inventories=(f"/{inventory}",), on_drift=command))
    except KeydeployError:
        assert len(shell.for_cron([inventory, command]).encode()) > 600  # so long a line cron does not take
        return
    line = found.splitlines()[-1]
    # Up to "exec" it is ours; behind it stands timeout with its own words, then the program.
    words = split_by_shell(of_debian(line).partition("exec timeout ")[2])

    assert words[2:] == ["/opt/keydeploy/bin/keydeploy", "drift", f"/{inventory}", f"--on-drift={command}", "--quiet"]


@FEW
@given(hostile(1))
def test_yaml_holds_the_command_of_the_user(command: str) -> None:
    steps = yaml.safe_load(text("github", elsewhere(on_drift=command)))["jobs"]["drift"]["steps"]
    (look,) = (step["run"] for step in steps if step.get("name") == "Look for drift")
    assert split_by_shell(look.partition('bin/keydeploy" ')[2], "/bin/bash")[2] == f"--on-drift={command}"

    script = yaml.safe_load(text("gitlab", elsewhere(on_drift=command)))["keydeploy-drift"]["script"]
    assert split_by_shell(script[-1])[-1] == f"--on-drift={command}"


@FEW
@given(hostile(1))
def test_a_playbook_for_awx_fills_nothing_into_names(inventory: str) -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda _, node: f"unsafe {node.value}")
    found = text("awx", elsewhere(inventories=(f"a{inventory}",)))
    template = yaml.load(found, Loader=Loader)[0]["tasks"][0]["awx.awx.job_template"]  # noqa: S506 - a safe loader

    marked = any(mark in inventory for mark in ("{{", "{%", "{#"))
    assert template["inventory"] == ("unsafe " if marked else "") + f"a{inventory}"


@FEW
@given(hostile(1))
def test_windows_gets_the_words_or_nothing(command: str) -> None:
    try:
        found = text("windows-task", job(on_drift=command))
    except KeydeployError:
        assert set('"\\$`%') & set(command)
        return
    arguments = ElementTree.fromstring(found).findtext(".//{*}Arguments")  # noqa: S314 - it is our own
    assert arguments is not None
    words = split_by_windows(arguments)
    assert words[words.index("--exec") + 1 :][3:] == [
        "/opt/keydeploy/bin/keydeploy",
        "drift",
        "/srv/farm/inventory.yml",
        f"--on-drift={command}",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"a b c" d e', ["a b c", "d", "e"]),
        ('"ab\\"c" "\\\\" d', ['ab"c', "\\", "d"]),
        ('a\\\\\\b d"e f"g h', ["a\\\\\\b", "de fg", "h"]),
        ('a\\\\\\"b c d', ['a\\"b', "c", "d"]),
        ('a\\\\\\\\"b c" d e', ["a\\\\b c", "d", "e"]),
    ],
)
def test_this_test_splits_as_microsoft_documents(line: str, words: list[str]) -> None:
    # https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
    assert split_by_windows(line) == words


@pytest.mark.parametrize("text_of_user", ["a\nb", "a\rb", "a\0b", "\x1b[1m", "\udcff", "a\u2028b"])
def test_what_no_schedule_can_hold_is_refused(text_of_user: str) -> None:
    with pytest.raises(KeydeployError, match="cannot stand in a schedule"):
        job(on_drift=text_of_user)
