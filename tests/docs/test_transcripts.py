"""A transcript is rewritten where it is not what is printed, and there alone."""

from pathlib import Path

from tests.docs.pages import Marker, commands_of, parts_of
from tests.docs.running import Step, Told
from tests.docs.transcripts import rewritten

PAGE = """\
# Page

<!-- test: exit 0 1 -->

```console
$ first
said by the first
$ second \\
    --more
said by the second
$ third
```

    fourth  # with a comment
    fifth \\
      --more

```yaml
sixth: none
```
"""


def told(page: Path, *outputs: str) -> list[Told]:
    commands = [shown for part in parts_of(page) if not isinstance(part, Marker) for shown in commands_of(part)]
    return [Told(Step(shown=shown, code=0), 0, output) for shown, output in zip(commands, outputs, strict=True)]


def written(folder: Path) -> Path:
    page = folder / "page.md"
    page.write_text(PAGE, "utf-8")
    return page


def test_commands_are_read_with_their_lines_and_what_they_print(tmp_path: Path) -> None:
    found = [
        (each.step.shown.line, each.step.shown.command, each.step.shown.output)
        for each in told(written(tmp_path), *"abcde")
    ]
    assert found == [
        (6, "first", "said by the first"),
        (8, "second \\\n    --more", "said by the second"),
        (11, "third", None),
        (14, "fourth  # with a comment", None),
        (15, "fifth \\\n  --more", None),
    ]


def test_what_is_so_stays_as_it_is(tmp_path: Path) -> None:
    assert rewritten(PAGE, told(written(tmp_path), "said by the first\n", "said by the second\n", *"345")) == PAGE


def test_what_is_not_so_is_written_as_it_is_printed(tmp_path: Path) -> None:
    new = rewritten(PAGE, told(written(tmp_path), "one\ntwo\n", "keydeploy: staging: 2.5 s\nthree\n", *"345"))
    assert new == PAGE.replace("said by the first", "one\ntwo").replace("said by the second", "three")
