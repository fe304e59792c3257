"""What configSource names is followed, what cannot be read is told, and copies that somebody kept are looked at."""

from pathlib import Path

import pytest

from keydeploy.lint.files import look
from keydeploy.lint.walking import is_backup
from tests.lint.disclosing import listing
from tests.lint.keys import DECRYPTION_KEY, VALIDATION_KEY, digits
from tests.lint.test_files import put

KEYS = (
    f'<machineKey compatibilityMode="Framework45" validationKey="{VALIDATION_KEY}" decryptionKey="{DECRYPTION_KEY}" />'
)
OFF = '<pages enableViewStateMac="false" />'


def web(content: str) -> str:
    return f"<configuration><system.web>{content}</system.web></configuration>"


def told(folder: Path, *paths: Path) -> list[tuple[str, str]]:
    found = look(paths or [folder], None).findings
    return [(Path(each.file).relative_to(folder).as_posix(), each.rule.id) for each in found]


def test_what_config_source_names_is_looked_at_though_the_file_alone_was_named(tmp_path: Path) -> None:
    file = put(tmp_path, "web.config", web('<machineKey configSource="keys\\machineKey.config" />'))
    put(tmp_path, "keys/machineKey.config", KEYS)
    assert told(tmp_path, file) == [("keys/machineKey.config", "key-in-clear")]


def test_upper_and_lower_case_do_not_count_in_config_source(tmp_path: Path) -> None:
    file = put(tmp_path, "web.config", web('<machineKey configSource="Keys\\MachineKey.Config" />'))
    put(tmp_path, "keys/machinekey.config", KEYS)
    linted = look([file], None)
    assert [each.rule.id for each in linted.findings] == ["key-in-clear"]
    assert not linted.unread


@pytest.mark.parametrize("source", ["a" * 300, "web.config\\below", "folder", "\ufffd", " "])
def test_whatever_config_source_names_nothing_falls_over(source: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = put(tmp_path, "web.config", web(f'<machineKey configSource="{source}" />'))
    assert len(look([file], None).unread) == 1


def test_what_config_source_names_is_looked_at_where_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "web.config", web('<machineKey configSource="bin\\keys.config" />'))
    put(tmp_path, "bin/keys.config", KEYS)
    assert told(tmp_path) == [("bin/keys.config", "key-in-clear")]


def test_what_config_source_names_is_shown_as_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "src/web.config", web('<machineKey configSource="keys.config" />'))
    put(tmp_path, "src/keys.config", KEYS)
    monkeypatch.chdir(tmp_path)
    [finding] = look([Path("src/web.config")], None).findings
    assert finding.file == "src/keys.config"


@pytest.mark.parametrize(
    "section",
    [
        "<system.web><machineKey {}/></system.web>",
        "<connectionStrings {}/>",
        "<appSettings {}/>",
        "<system.identityModel {}/>",
        "<system.web><identity {}/></system.web>",
    ],
)
def test_a_file_that_config_source_names_and_that_is_not_there_is_told(section: str, tmp_path: Path) -> None:
    moved = section.format('configSource="config\\parts.config" ')
    put(tmp_path, "web.config", f"<configuration>{moved}</configuration>")
    linted = look([tmp_path], None)
    [(path, reason)] = linted.unread.items()
    assert path == f"{tmp_path.as_posix()}/config/parts.config"
    assert reason.endswith(
        f"of {tmp_path.as_posix()}/web.config stands in this file (configSource), which is not there"
    )
    assert not linted.broken


def test_a_section_that_is_no_business_of_lint_may_be_anywhere(tmp_path: Path) -> None:
    put(tmp_path, "web.config", '<configuration><log4net configSource="log.config" /></configuration>')
    assert not look([tmp_path], None).unread


def test_local_settings_that_are_not_there_are_empty_for_asp_net(tmp_path: Path) -> None:
    put(tmp_path, "web.config", '<configuration><appSettings file="local.config" /></configuration>')
    assert not look([tmp_path], None).unread


@pytest.mark.parametrize("source", ["..\\keys.config", "C:\\keys.config", "/etc/passwd", "a/../../keys.config"])
def test_config_source_does_not_lead_out_of_the_folder(source: str, tmp_path: Path) -> None:
    put(tmp_path, "site/web.config", web(f'<machineKey configSource="{source}" />'))
    put(tmp_path, "keys.config", KEYS)
    linted = look([tmp_path / "site"], None)
    [(path, reason)] = linted.unread.items()
    assert (path, linted.findings) == (f"{tmp_path.as_posix()}/site/web.config (system.web/machineKey)", ())
    assert reason.endswith("stands in another file (configSource), which leads out of the folder")
    assert source not in reason


def test_a_key_in_the_place_of_config_source_is_not_told(tmp_path: Path) -> None:
    for source in (VALIDATION_KEY, f"config/{digits('source', 32)}.config", "Xk3-made-up"):
        put(tmp_path, "web.config", web(f'<machineKey configSource="{source}" />'))
        assert source not in repr(look([tmp_path], None))
        assert look([tmp_path], None).unread


@pytest.mark.parametrize(
    ("name", "content", "is_broken"),
    [
        ("web.config", "<configuration>\n<<<<<<< HEAD", True),
        ("Web.Release.config", "<configuration>", True),
        ("Portal.Jobs.exe.config", "", True),
        ("connections.config", "\n<connectionStrings>", True),
        ("web.config", "<web />", True),
        ("nginx.config", "server { listen 80; }", False),
        ("packages.config", "<packages />", False),
        ("web.config.bak", "<configuration>", False),
    ],
)
def test_a_configuration_file_that_cannot_be_read_is_told_apart(
    name: str, content: str, is_broken: bool, tmp_path: Path
) -> None:
    file = put(tmp_path, name, content)
    linted = look([tmp_path], None)
    assert linted.broken == ({file.as_posix()} if is_broken else set())
    assert linted.broken <= linted.unread.keys()


@pytest.mark.parametrize(
    "name",
    [
        "web.config.bak",
        "Web.config.old",
        "web.config.orig",
        "app.config~",
        "web.config.2024-01-31",
        "web.config_backup2",
    ],
)
def test_a_copy_that_somebody_kept_is_looked_at_for_what_it_holds(name: str, tmp_path: Path) -> None:
    assert is_backup(name)
    put(tmp_path, name, web('<machineKey validation="MD5" />' + KEYS + '<identity impersonate="true" />'))
    assert told(tmp_path) == [(name, "key-in-clear")]


@pytest.mark.parametrize("name", ["webpack.config.js", "app.config.ts", "web.config.txt", "web.config", "config.bak"])
def test_other_files_of_such_names_are_no_copies(name: str) -> None:
    assert not is_backup(name)


REPORTS = """<Configuration>
<MachineKey ValidationKey="{}" DecryptionKey="{}" Validation="HMACSHA256" Decryption="AES" />
</Configuration>
"""


def test_the_keys_of_a_report_server_are_looked_at(tmp_path: Path) -> None:
    put(tmp_path, "RSReportServer.config", REPORTS.format(VALIDATION_KEY, "0123456789ABCDEF" * 4))
    found = look([tmp_path], listing(VALIDATION_KEY)).findings
    assert [(each.line, each.column, each.rule.id) for each in found] == [
        (2, 13, "disclosed-key"),
        (2, 158, "sample-key"),
    ]


def test_a_report_server_without_keys_of_its_own_raises_nothing(tmp_path: Path) -> None:
    put(tmp_path, "rsreportserver.config", REPORTS.format(VALIDATION_KEY, DECRYPTION_KEY))
    put(tmp_path, "2/rsreportserver.config", "<Configuration><Dsn /></Configuration>")
    put(tmp_path, "3/other.config", REPORTS.format(VALIDATION_KEY, DECRYPTION_KEY))
    linted = look([tmp_path], listing(DECRYPTION_KEY[:40]))
    assert (linted.findings, linted.unread) == ((), {})
