"""The same commit gives the same bytes, whoever builds it, wherever and whenever."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from release import collection
from release.build import epoch
from tests.packaging.published import ROOT, Published, publish

SOME_TIME = 1_800_000_000


@pytest.fixture(scope="module")
def published_elsewhere(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Build what is published from the source archive: by somebody else, in another folder, without git."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with tarfile.open(published.source) as archive:
        archive.extractall(folder / "far away", filter="data")
    (tree,) = (folder / "far away").iterdir()
    strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "2", "HOME": str(folder)}
    return publish(tree, folder / "published", 0o077, **strange)


@pytest.mark.parametrize("part", ["wheel", "source", "collection"])
def test_what_somebody_else_builds_is_the_same_to_the_byte(
    published: Published, published_elsewhere: Published, part: str
) -> None:
    here, there = getattr(published, part), getattr(published_elsewhere, part)
    assert there.name == here.name
    assert hashlib.sha256(there.read_bytes()).hexdigest() == hashlib.sha256(here.read_bytes()).hexdigest()


def test_no_file_of_the_archives_tells_who_built_it_and_when(published: Published) -> None:
    for file in (published.source, published.collection):
        with tarfile.open(file) as archive:
            members = archive.getmembers()
        owners = {(member.uid, member.gid, member.uname, member.gname) for member in members}
        assert owners == {(0, 0, "", "")}, file
        assert {member.mtime for member in members} == {members[0].mtime}, file
        assert {member.mode for member in members if member.isfile()} <= {0o644, 0o755}, file
        assert int.from_bytes(file.read_bytes()[4:8], "little") in {0, members[0].mtime}, "the time of compression"


def test_a_collection_in_another_order_becomes_the_same(published: Published) -> None:
    """As another file system lists its files, at another time and under another owner."""
    before = published.collection.read_bytes()
    disturbed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(before)) as source,
        tarfile.open(fileobj=disturbed, mode="w:gz") as target,
    ):
        time = int(source.getmembers()[0].mtime)
        for member in reversed(source.getmembers()):
            content = source.extractfile(member)
            member.mtime, member.uid, member.uname = SOME_TIME, 1000, "somebody"
            member.mode |= 0o020
            target.addfile(member, content)
    assert disturbed.getvalue() != before
    assert collection.rewrite(disturbed.getvalue(), time) == before
    assert gzip.decompress(collection.rewrite(before, SOME_TIME)) != gzip.decompress(before)


def test_the_time_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    assert epoch(tmp_path, {"SOURCE_DATE_EPOCH": str(SOME_TIME)}) == SOME_TIME


def test_the_time_is_that_of_the_changelog_where_there_is_no_commit(tmp_path: Path) -> None:
    assert not (tmp_path / ".git").exists()
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_bytes((ROOT / "CHANGELOG.md").read_bytes())
    assert epoch(tmp_path, {}) == int(changelog.stat().st_mtime)
