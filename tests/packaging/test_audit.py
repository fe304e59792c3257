"""An audit that nobody answered is no audit, whatever exit code the tool has."""

import sys
from pathlib import Path

import pytest

from release.audit import audit

NOTHING = "print('No known vulnerabilities found')"
FOUND = "print('left 1 PYSEC-1'); raise SystemExit(1)"
UNKNOWN = "print('left: Dependency not found on PyPI and could not be audited: left (1)')"
UNREACHABLE = "raise ConnectionError('Max retries exceeded')"


@pytest.mark.parametrize(
    ("says", "code", "answered"),
    [(NOTHING, 0, True), (FOUND, 1, True), (UNKNOWN, 1, False), (UNREACHABLE, 1, False)],
    ids=["nothing found", "found", "a mirror without advisories", "no network"],
)
def test_the_exit_code_is_the_tools_and_never_0_where_nobody_answered(
    says: str, code: int, answered: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert audit((sys.executable, "-c", says), tmp_path / "test.lock") == code
    told = capfd.readouterr().out
    assert ("audit: error: the advisory service could not be asked" in told) is not answered


def test_the_lock_is_what_is_audited(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "test.lock"
    assert audit((sys.executable, "-c", "import sys; print(sys.argv[1:])"), lock) == 0
    assert capfd.readouterr().out == f"test.lock:\n['--requirement', '{lock}']\n"
