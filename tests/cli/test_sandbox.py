"""`keydeploy sandbox create` lays out folders that play Windows nodes."""

from pathlib import Path

import pytest

from keydeploy.cli import main

CONTENT = "<configuration>\r\n\t<!-- é -->\r\n</configuration>".encode("utf-16")
WINDOWS = "C/Windows/Microsoft.NET/Framework64/v4.0.30319/Config"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_folder_is_laid_out_like_a_windows_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "create", "demo/web1", "demo/web2"]) == 0

    assert capsys.readouterr().out == "made demo/web1\nmade demo/web2\n"
    for node in ("web1", "web2"):
        for file in (
            f"{WINDOWS}/machine.config",
            f"{WINDOWS}/web.config",
            "C/Windows/System32/inetsrv/config/applicationHost.config",
            "C/inetpub/portal/web.config",
        ):
            assert (folder / "demo" / node / file).is_file()
        assert (folder / "demo" / node / "C/ProgramData").is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["sandbox", "create", str(tmp_path / "file" / "web1")]) == 1
    assert "web1 cannot be made: Not a directory" in capsys.readouterr().err


def test_a_web_config_is_copied_byte_for_byte(folder: Path) -> None:
    (folder / "mine.config").write_bytes(CONTENT)

    assert main(["sandbox", "create", "web1", "--application", "/a/b=mine.config", "--application", "/c"]) == 0

    assert (folder / "web1/C/inetpub/a/b/web.config").read_bytes() == CONTENT
    assert (folder / "web1/C/inetpub/c/web.config").is_file()
    host = (folder / "web1/C/Windows/System32/inetsrv/config/applicationHost.config").read_text("utf-8")
    assert '<application path="/a/b" applicationPool="B">' in host
    assert r'physicalPath="%SystemDrive%\inetpub\a\b"' in host


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["taken"], "taken exists and is not empty"),
        (["taken/file"], "taken/file exists and is not empty"),
        (["web1", "--application", "portal"], "an application path begins with /"),
        (["web1", "--application", "/portal/"], "an application path begins with /"),
        (["web1", "--application", "/portal=nowhere.config"], "nowhere.config cannot be read"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    (folder / "taken").mkdir()
    (folder / "taken/file").write_bytes(b"mine")

    assert main(["sandbox", "create", *arguments]) == 1

    err = capsys.readouterr().err
    assert err.startswith(f"keydeploy: error: {told}")
    assert "keydeploy: hint: " in err
    assert (folder / "taken/file").read_bytes() == b"mine"
    assert not (folder / "web1").exists()
