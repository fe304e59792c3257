"""Files are put in place whole, and only over ours; what somebody does meanwhile is not lost."""

from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from keydeploy.schedule import Schedule, installing
from tests.schedule.jobs import JOB, made


@pytest.fixture
def schedule() -> Schedule:
    return made("systemd", JOB)


def test_what_is_put_in_place_is_taken_away_again_and_nothing_is_left(schedule: Schedule, tmp_path: Path) -> None:
    installing.carry_out(installing.to_install(schedule, tmp_path / "units"))
    assert sorted(file.name for file in (tmp_path / "units").iterdir()) == [
        "keydeploy-drift.service",
        "keydeploy-drift.timer",
    ]
    assert all(change.is_none for change in installing.to_install(schedule, tmp_path / "units"))

    installing.carry_out(installing.to_remove(schedule, tmp_path / "units"))
    assert list((tmp_path / "units").iterdir()) == []


def test_what_somebody_changes_before_the_answer_stays(schedule: Schedule, tmp_path: Path) -> None:
    installing.carry_out(installing.to_install(schedule, tmp_path))
    changes = installing.to_remove(schedule, tmp_path)
    service = tmp_path / "keydeploy-drift.service"
    service.write_text(service.read_text("utf-8") + "# mine\n", "utf-8")

    with pytest.raises(KeydeployError, match="has changed meanwhile"):
        installing.carry_out(changes)
    assert service.read_text("utf-8").endswith("# mine\n")


def test_what_cannot_be_written_is_told_with_the_next_step(schedule: Schedule, tmp_path: Path) -> None:
    (tmp_path / "units").write_text("no folder", "utf-8")

    with pytest.raises(KeydeployError, match="cannot be written") as caught:
        installing.carry_out(installing.to_install(schedule, tmp_path / "units"))
    assert "sudo" in (caught.value.hint or "")


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_beside_it(schedule: Schedule, tmp_path: Path) -> None:
    changes = installing.to_install(schedule, tmp_path)
    changes[0].path.mkdir()

    with pytest.raises(KeydeployError):
        installing.carry_out(changes)
    assert [file.name for file in tmp_path.iterdir()] == ["keydeploy-drift.service"]


def test_a_file_is_ours_by_its_whole_first_line(schedule: Schedule, tmp_path: Path) -> None:
    service = tmp_path / "keydeploy-drift.service"
    service.write_text(f"# mine, see below\n{schedule.files[0].text}", "utf-8")

    with pytest.raises(KeydeployError, match="has not made it"):
        installing.to_install(schedule, tmp_path)


def test_a_difference_shows_what_goes_and_what_comes(tmp_path: Path) -> None:
    change = installing.Change(tmp_path / "file", "same\nold\n", "same\nnew\n")
    assert list(change.diff())[2:] == ["@@ -1,2 +1,2 @@", " same", "-old", "+new"]
