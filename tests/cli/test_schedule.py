"""`keydeploy schedule` prints what a scheduler is told, puts it in place after asking, and takes it away."""

import re
from pathlib import Path

import pytest

from keydeploy.cli import main
from tests.cli.starting import Desk

UNITS = ("etc/systemd/system/keydeploy-drift.service", "etc/systemd/system/keydeploy-drift.timer")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Answer a desk with a folder to install into."""
    desk = Desk(tmp_path)
    (desk.work / "image").mkdir()
    (desk.work / "inventory.yml").touch()
    return desk


def schedule(desk: Desk, kind: str, *arguments: str, code: int = 0) -> str:
    """Run the command on the inventory of the desk."""
    return desk.run("keydeploy", "schedule", kind, "inventory.yml", *arguments, code=code)


def installed(desk: Desk, *arguments: str, code: int = 0) -> str:
    return schedule(desk, "systemd", "--root", "image", *arguments, code=code)


@pytest.mark.parametrize("kind", ["systemd", "cron", "windows-task", "github", "gitlab", "awx"])
def test_every_kind_is_printed_with_whose_it_is_and_how_to_turn_it_on(kind: str, desk: Desk) -> None:
    printed = schedule(desk, kind)

    assert "Made by keydeploy schedule" in printed.split("\n\n")[0]
    assert not any(re.search(r"[ \t]$", line) for line in printed.splitlines())


def test_names_of_files_are_those_from_where_it_was_typed(desk: Desk) -> None:
    printed = schedule(desk, "systemd", "--vault-password-file", "../vault-password", "-e", "@vars.yml", "-l", "web1")

    assert f"WorkingDirectory={desk.work}" in printed
    assert f"LoadCredential=vault-password:{desk.password_file}" in printed
    assert f"--extra-vars=@{desk.work}/vars.yml" in printed
    assert "--limit=web1" in printed


def test_what_is_set_here_and_not_there_is_told(desk: Desk) -> None:
    command = ("keydeploy", "schedule", "cron", "inventory.yml")
    note = "keydeploy: note: set here, and not where the scheduler runs it: ANSIBLE_VAULT_PASSWORD_FILE\n"

    assert desk.run(*command, ANSIBLE_VAULT_PASSWORD_FILE="/x").startswith(note)
    assert "keydeploy: note:" not in desk.run(*command, *desk.vault, ANSIBLE_VAULT_PASSWORD_FILE="/x")


def test_what_would_keep_it_from_its_work_is_told_last(desk: Desk) -> None:
    (desk.work / "group_vars").mkdir()
    (desk.work / "group_vars" / "all.yml").write_text("key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n", "utf-8")
    (desk.work / "notify").touch()
    report = ("--report", "json=none/drift.json")

    told = schedule(desk, "cron", *report, "--on-drift", "./notify")
    assert re.findall("keydeploy: note: (.*)\n", told[told.rindex("keydeploy drift") :]) == [
        "the inventory holds encrypted values, and no vault password is named, so every look will end with exit code 1;"
        " name a file with --vault-password-file or --vault-id NAME@FILE",
        f"there is no folder {desk.work}/none for the reports; make it: mkdir -p {desk.work}/none",
        "the program of --on-drift cannot be run, so nobody would be told; chmod +x makes it a program",
    ]
    assert "is not found, so nobody" in schedule(desk, "cron", "--on-drift", "notfy --now")
    assert "is not there, so nobody" in schedule(desk, "cron", "--on-drift", "./notfy")
    assert "no vault password file" in schedule(desk, "cron", "--vault-password-file", "none")
    there = schedule(desk, "github", *report, "--on-drift", "./notfy", *desk.vault)
    assert "keydeploy: note:" not in there


def test_a_program_is_named_from_there_or_found_where_programs_are(desk: Desk) -> None:
    assert f"ExecStart={desk.folder}/bin/keydeploy drift" in schedule(desk, "systemd", "--program", "../bin/keydeploy")
    assert "ExecStart=keydeploy drift" in schedule(desk, "systemd", "--program", "keydeploy")


def test_hosts_with_a_comma_and_lists_in_the_web_are_no_files(desk: Desk) -> None:
    printed = desk.run("keydeploy", "schedule", "cron", "web1,web2,", "--disclosed-keys", "https://example.com/list")

    assert "drift web1,web2, --disclosed-keys=https://example.com/list" in printed


def test_installing_shows_it_and_the_next_steps_and_does_nothing_the_second_time(desk: Desk) -> None:
    first = installed(desk, "--install", "--yes")
    assert "+ExecStart=" in first
    assert "wrote image/etc/systemd/system/keydeploy-drift.timer" in first
    assert "sudo systemctl enable --now keydeploy-drift.timer" in first.split("next:")[1]
    assert [(desk.work / "image" / unit).stat().st_mode & 0o777 for unit in UNITS] == [0o644, 0o644]

    assert installed(desk, "--install", "--yes") == "as it is already; nothing was changed\n"


def test_a_change_is_shown_as_a_difference(desk: Desk) -> None:
    installed(desk, "--install", "--yes")
    changed = installed(desk, "--every", "06:30", "--time-limit", "30m", "--install", "--yes")

    assert "-OnCalendar=*-*-* *:00:00" in changed
    assert "+OnCalendar=*-*-* 06:30:00" in changed
    assert "OnCalendar=*-*-* 06:30:00" in (desk.work / "image" / UNITS[1]).read_text("utf-8")


def test_removing_takes_away_what_was_installed_and_needs_no_inventory(desk: Desk) -> None:
    installed(desk, "--install", "--yes")
    told = desk.run("keydeploy", "schedule", "systemd", "--root", "image", "--remove", "--yes")

    todo = told.split("next:")[1]
    assert "sudo systemctl stop keydeploy-drift.timer" in todo
    assert "sudo systemctl daemon-reload" in todo
    assert not any((desk.work / "image" / unit).exists() for unit in UNITS)
    again = desk.run("keydeploy", "schedule", "systemd", "--root", "image", "--remove", "--yes")
    assert again == "there is none; nothing was changed\n"


@pytest.mark.parametrize("target", ["/etc/systemd/system/keydeploy-drift.timer", "../keydeploy-drift.timer"])
def test_removing_takes_away_the_link_that_has_turned_it_on(target: str, desk: Desk) -> None:
    installed(desk, "--install", "--yes")
    link = desk.work / "image/etc/systemd/system/timers.target.wants/keydeploy-drift.timer"
    link.parent.mkdir()
    link.symlink_to(target)
    told = installed(desk, "--remove", "--yes")

    assert "removed image/etc/systemd/system/timers.target.wants/keydeploy-drift.timer" in told
    assert not link.is_symlink()


def test_removing_leaves_a_link_that_leads_elsewhere(desk: Desk) -> None:
    installed(desk, "--install", "--yes")
    link = desk.work / "image/etc/systemd/system/timers.target.wants/keydeploy-drift.timer"
    link.parent.mkdir()
    link.symlink_to("/opt/theirs/keydeploy-drift.timer")
    installed(desk, "--remove", "--yes")

    assert link.is_symlink()


@pytest.mark.parametrize("kind", ["systemd", "cron", "github", "gitlab"])
def test_the_schedule_of_another_farm_is_neither_replaced_nor_taken_away(kind: str, desk: Desk) -> None:
    (desk.work / "it's b.yml").touch()
    schedule(desk, kind, "--root", "image", "--install", "--yes")
    before = {path: path.read_text("utf-8") for path in (desk.work / "image").rglob("*") if path.is_file()}
    theirs = ("keydeploy", "schedule", kind, "it's b.yml", "--root", "image", "--yes")

    for option in ("--install", "--remove"):
        told = desk.run(*theirs, option, code=1)
        assert re.search(r"looks at \S*inventory.yml, and not at \S*it.*b\.yml", told), told
        assert "--name" in told
    assert {path: path.read_text("utf-8") for path in (desk.work / "image").rglob("*") if path.is_file()} == before

    desk.run(*theirs, "--install", "--name", "drift-b")
    assert desk.run(*theirs, "--install", "--name", "drift-b") == "as it is already; nothing was changed\n"


@pytest.mark.parametrize("kind", ["systemd", "github"])
def test_no_link_leads_out_of_the_root(kind: str, desk: Desk) -> None:
    outside = desk.folder / "outside"
    outside.mkdir()
    for name in ("etc", ".github"):
        (desk.work / "image" / name).symlink_to(outside)
    for option in ("--install", "--remove"):
        assert "leads out of image by a link" in schedule(desk, kind, "--root", "image", option, "--yes", code=1)
    assert not any(outside.iterdir())


def test_a_link_within_the_root_is_followed(desk: Desk) -> None:
    (desk.work / "image/usr").mkdir()
    (desk.work / "image/etc").symlink_to("usr")
    installed(desk, "--install", "--yes")

    assert (desk.work / "image/usr/systemd/system/keydeploy-drift.timer").exists()


@pytest.mark.parametrize("option", ["--install", "--remove"])
@pytest.mark.parametrize(
    "theirs", ["[Timer]\nOnCalendar=daily\n", "# once Made by keydeploy schedule, now mine\n", b"\xff\xfe", None]
)
def test_a_file_of_somebody_else_stays(option: str, theirs: str | bytes | None, desk: Desk) -> None:
    file = desk.work / "image" / UNITS[1]
    file.parent.mkdir(parents=True)
    if theirs is None:
        file.symlink_to("/dev/null")  # as systemctl mask does
    else:
        file.write_bytes(theirs if isinstance(theirs, bytes) else theirs.encode())
    told = installed(desk, option, "--yes", code=1)

    assert "keydeploy schedule has not made it" in told
    assert file.is_symlink() if theirs is None else file.exists()
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing else was written"


def test_without_a_terminal_it_asks_for_yes_before_anything_is_written(desk: Desk) -> None:
    told = installed(desk, "--install", code=1)

    assert "schedule asks before it changes anything, and there is no terminal" in told
    assert not any((desk.work / "image").iterdir())


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1), ("", 1)])
def test_at_a_terminal_it_asks(answer: str, code: int, desk: Desk) -> None:
    command = ["keydeploy", "schedule", "systemd", "inventory.yml", "--root", "image", "--install"]
    ended, screen = desk.at_a_terminal(command, {"write 2 files? type yes: ": answer})

    assert ended == code, screen
    assert (desk.work / "image" / UNITS[0]).exists() == (code == 0)


def test_pipelines_are_installed_into_the_repository(desk: Desk) -> None:
    assert "wrote .github/workflows/keydeploy-drift.yml" in schedule(desk, "github", "--install", "--yes")
    assert "wrote .gitlab/keydeploy-drift.yml" in schedule(desk, "gitlab", "--install", "--yes")
    assert (desk.work / ".github/workflows/keydeploy-drift.yml").exists()


def test_a_schedule_of_ones_own_goes_where_systemd_looks_for_it(desk: Desk) -> None:
    told = schedule(desk, "systemd", "--user", "--install", "--yes", "--vault-password-file", "../vault-password")
    units = desk.folder / "home/.config/systemd/user"

    assert f"wrote {units}/keydeploy-drift.service" in told
    text = (units / "keydeploy-drift.service").read_text("utf-8")
    assert "User=" not in text
    assert f"--vault-password-file={desk.password_file}" in text


def test_a_relative_folder_of_settings_does_not_count(desk: Desk) -> None:
    command = ("keydeploy", "schedule", "systemd", "inventory.yml", "--user", "--install", "--yes")
    told = desk.run(*command, XDG_CONFIG_HOME="settings")

    assert f"wrote {desk.folder}/home/.config/systemd/user/keydeploy-drift.service" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-e", "password=Marked-1"], "-e gives a value"),
        (["-e", '{"password": "Marked-1"}'], "-e gives a value"),
        (["--vault-id", "prod@prompt"], "nobody is there to be asked"),
        (["--vault-password-file", "a", "--vault-password-file", "b"], "two vault passwords have no name"),
        (["-i", "elsewhere.yml"], "there is no inventory"),
        (["--every", "7m"], "--every divides neither"),
        (["--every", "1h", "--time-limit", "2h"], "a run might last until the next one begins"),
        (["--time-limit", "soon"], "--time-limit is no time"),
        (["--time-limit", "0s"], "--time-limit is shorter than a second"),
        (["--report", "csv=x"], "--report is not KIND=FILE"),
        (["--report", "json="], "--report is not KIND=FILE"),
        (["--name", "My Drift"], "--name cannot be the name"),
        (["--name", "../../etc/passwd"], "--name cannot be the name"),
        (["--run-as", "me; id"], "--run-as is not the name of an account"),
        (["--run-as=-rf"], "--run-as is not the name of an account"),
        (["--run-as", "ü²"], "--run-as is not the name of an account"),
        (["--run-as", "Me.Too"], "--run-as is not the name of an account"),
        (["--on-drift", "a\nb"], "cannot stand in a schedule"),
        (["--user", "--run-as", "me"], "--user is for systemd and cron"),
        (["--install", "--remove"], "contradict each other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_with_the_next_step_and_quotes_no_value(
    arguments: list[str], message: str, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk.work)
    assert main(["schedule", "systemd", "inventory.yml", *arguments]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "keydeploy: hint: " in err
    assert "Marked" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["windows-task", "inventory.yml", "--install", "--yes"],
        ["awx", "portal", "--install", "--yes"],
        ["cron", "inventory.yml", "--user", "--remove", "--yes"],
        ["github", "inventory.yml", "--run-as", "me"],
        ["github", "inventory.yml", "--user"],
        ["systemd"],
    ],
    ids=" ".join,
)
def test_what_a_kind_has_no_place_for_is_refused_with_the_next_step(
    arguments: list[str], desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk.work)
    assert main(["schedule", *arguments]) == 1
    assert "keydeploy: hint: " in capsys.readouterr().err
