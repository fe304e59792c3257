"""The same commit gives the same bytes, whoever builds it, wherever and whenever."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from release import collection, sources
from release.build import COLLECTION, build, epoch, told
from tests.packaging.published import ROOT, Published, publish, run

SOME_TIME = 1_800_000_000


STRAYS = (
    ".DS_Store", "SCRATCH.txt", "vault-password", "farm.pfx", "notes.md", "plugins/.DS_Store", "playbooks/try.yml~",
    "plugins/action/observe.py.orig", "schemas/farm.pfx", "tests/vault-password", "docs/draft.md",
)  # fmt: skip
MODULES = ("plugins/action/unfinished.py", "keydeploy/unfinished.py")
"""Nothing but git tells these from what belongs there."""


def strew(tree: Path) -> Path:
    """Leave in *tree* what people and their programs leave, and answer it."""
    for name in STRAYS + MODULES:
        (tree / name).write_text("not to be published\n")
    return tree


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the source archive *archive* into *folder*; answer the tree."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


@pytest.fixture(scope="module")
def unpacked(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the source archive into another folder, without git, and leave other files in it."""
    return strew(unpack(published.source, tmp_path_factory.mktemp("far away")))


@pytest.fixture(scope="module")
def checkout(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commit what is published, at the time that it has; then change it, and leave other files in it."""
    tree = unpack(published.source, tmp_path_factory.mktemp("checkout"))
    time = f"@{int((tree / 'CHANGELOG.md').stat().st_mtime)} +0000"
    for made in (sources.LIST, "PKG-INFO"):
        (tree / made).unlink()
    (tree / ".ci").mkdir()
    (tree / ".ci/run").touch()
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
    run("git", "init", "--quiet", cwd=tree)
    run("git", "add", ".", cwd=tree)
    commit = ("commit", "--quiet", "--no-verify", "--message", "Everything")
    run("git", *who, *commit, cwd=tree, GIT_AUTHOR_DATE=time, GIT_COMMITTER_DATE=time)
    run("git", "config", "core.autocrlf", "true", cwd=tree)  # as on a machine that wants other line ends
    run("git", "config", "core.excludesFile", "/dev/null", cwd=tree)
    (tree / "README.md").write_text("unfinished\n")
    (tree / "plugins/action/observe.py").unlink()
    return strew(tree)


@pytest.fixture(scope="module", params=["from the source archive", "from a checkout"])
def published_elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Build what is published once more: by somebody else, in another folder, with other files beside it."""
    tree: Path = request.getfixturevalue("unpacked" if request.param == "from the source archive" else "checkout")
    folder = tmp_path_factory.mktemp("elsewhere")
    strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "2", "HOME": str(folder)}
    return publish(tree, folder / "published", 0o077, **strange)


@pytest.mark.parametrize("part", ["wheel", "source", "collection"])
def test_what_somebody_else_builds_is_the_same_to_the_byte_whatever_lies_there(
    published: Published, published_elsewhere: Published, part: str
) -> None:
    here, there = getattr(published, part), getattr(published_elsewhere, part)
    assert there.name == here.name
    assert hashlib.sha256(there.read_bytes()).hexdigest() == hashlib.sha256(here.read_bytes()).hexdigest()


def test_ansible_galaxy_alone_takes_up_no_file_that_does_not_look_like_a_part(
    published: Published, unpacked: Path, tmp_path: Path
) -> None:
    run(*COLLECTION, unpacked, "--output-path", tmp_path, cwd=tmp_path, LC_ALL="C.UTF-8", HOME=str(tmp_path))
    assert files_in(tmp_path / published.collection.name) - files_in(published.collection) == {MODULES[0]}


def files_in(archive: Path) -> set[str]:
    """Answer the names of the files in *archive*."""
    with tarfile.open(archive) as opened:
        return {member.name for member in opened if member.isfile()}


def test_what_is_not_committed_is_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as a hook of another repository has it
    left = set(sources.uncommitted(checkout))
    assert left == {"README.md", "plugins/action/observe.py", *STRAYS, *MODULES}
    text = told(sorted(left))
    assert "what is not committed is not in it: .DS_Store, README.md, " in text
    assert text.endswith(f" and {len(left) - 5} more")
    assert told(["README.md"]).endswith("it: README.md")


def test_a_folder_that_nothing_tells_of_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "vault-password").touch()
    with pytest.raises(KeydeployError, match="neither a git checkout nor an unpacked source archive"):
        build(tmp_path, tmp_path / "dist", SOME_TIME)


def test_a_source_archive_that_has_lost_a_file_is_not_published(tmp_path: Path) -> None:
    (tmp_path / sources.LIST).write_text("README.md\n")
    with pytest.raises(KeydeployError, match=r"README\.md: SOURCES names it, and it is gone"):
        build(tmp_path, tmp_path / "dist", SOME_TIME)


def test_what_git_says_is_told_where_it_cannot_answer(tmp_path: Path) -> None:
    run("git", "init", "--quiet", cwd=tmp_path)  # and nothing is committed
    with pytest.raises(KeydeployError, match=r"git cannot read .*HEAD"):
        build(tmp_path, tmp_path / "dist", SOME_TIME)
    with pytest.raises(KeydeployError, match="git cannot read "):
        epoch(tmp_path, {})


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
