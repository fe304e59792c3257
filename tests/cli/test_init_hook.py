"""The hook of `keydeploy init` looks at what is about to be committed, with git itself, and says why it refuses."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.starting import Desk
from tests.conftest import missing

SAMPLE = '<configuration><system.web><machineKey validationKey="{}" decryptionKey="{}" validation="HMACSHA256" decryption="AES" /></system.web></configuration>\n'.format(  # noqa: E501
    "0123456789ABCDEF" * 8, "0123456789ABCDEF" * 4
)
"""A web.config with keys that everybody can guess."""
GOOD = "<configuration><system.web /></configuration>\n"
KEY = "8F1C9D27B4E05A63D2F70B91C6485E3A5B90E7D31F42A68C0D7C63E8925FB14A"
NOBODYS = SAMPLE.replace("0123456789ABCDEF" * 8, "5B90E7D31F42A68C" * 2 + KEY + KEY[::-1][:32]).replace(
    "0123456789ABCDEF" * 4, KEY[::-1]
)
"""A web.config with keys in clear that are nobody's."""
BASELINE = ".keydeploy-baseline.json"
IN_CLEAR = f"all:\n  vars:\n    vault_portal:\n      decryption_key: {KEY}\n"
"""An inventory with a key in clear, which is nobody's."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Answer a repository with a farm in it, all of which has been committed."""
    if shutil.which("git") is None:
        missing("git (Debian: git)")
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.run("git", "init", "--initial-branch", "main")
    told = desk.init("farm")
    assert "git runs farm/.githooks/pre-commit before each commit from now on" in told
    desk.run("git", "add", "--all")
    desk.run("git", "commit", "--message", "a farm")
    return desk


@pytest.fixture
def desk(started: Desk, tmp_path: Path) -> Desk:
    """Answer a copy of that repository."""
    shutil.copytree(started.folder, tmp_path / "desk", symlinks=True)
    copy = object.__new__(Desk)
    object.__setattr__(copy, "folder", tmp_path / "desk")
    return copy


def commit(desk: Desk, *files: str, code: int = 0, cwd: Path | None = None, **environment: str) -> str:
    """Stage *files* and commit them, which ends with *code*; answer what was told."""
    if files:
        desk.run("git", "add", "--force", "--all", "--", *files, cwd=cwd)
    before = desk.run("git", "rev-parse", "HEAD")
    told = desk.run("git", "commit", "--message", "another", code=code, cwd=cwd, **environment)
    assert (desk.run("git", "rev-parse", "HEAD") == before) == (code != 0)
    assert list((desk.folder / "tmp").iterdir()) == []
    return told


def write(desk: Desk, file: str, content: str | bytes) -> Path:
    path = desk.work / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def is_refused(told: str, *files: str) -> None:
    assert "keydeploy: error: the commit is refused: keydeploy lint finds the above in what it would hold\n" in told
    assert "keydeploy: hint: mend it, then git add it again; git commit --no-verify commits in spite of it\n" in told
    for file in files:
        assert f"{file}:" in told
    assert KEY not in told
    assert "0123456789ABCDEF" not in told


def test_what_init_made_passes_without_a_word_of_the_hook(started: Desk) -> None:
    assert started.run("git", "log", "--format=%s") == "a farm\n"
    assert started.run("git", "status", "--short") == ""


def test_a_key_in_clear_in_an_inventory_is_refused_with_its_place(desk: Desk) -> None:
    write(desk, "farm/group_vars/portal/more.yml", IN_CLEAR)

    told = commit(desk, "farm", code=1)

    is_refused(told, "farm/group_vars/portal/more.yml:4")


def test_all_that_generate_prints_in_clear_is_refused_and_none_of_what_it_encrypts(desk: Desk) -> None:
    kinds = {"machine-key": (), "container-key": (), "certificate": ("--subject", "Portal session")}
    (desk.work / "group_vars").mkdir()
    clear = []
    for kind, more in kinds.items():
        for form in ("yaml", "json", "vault"):
            file = f"group_vars/{kind}.{form}.yml"
            vault = desk.vault if form == "vault" else ()
            command = ["keydeploy", "generate", kind, *more, "--name", "made", "--format", form, *vault]
            desk.run("sh", "-c", 'file=$1; shift; exec "$@" > "$file"', "sh", file, *command)
            clear += [] if form == "vault" else [file]
    for kind, form in (("container-key", "pem"), ("container-key", "xml"), ("certificate", "pem")):
        clear.append(f"{kind}.{form}")
        command = ["keydeploy", "generate", kind, *kinds[kind], "--format", form]
        desk.run("sh", "-c", 'file=$1; shift; exec "$@" > "$file"', "sh", clear[-1], *command)

    told = commit(desk, ".", code=1)

    is_refused(told, *clear)
    assert ".vault.yml" not in told
    desk.run("git", "rm", "--force", "--quiet", *clear)
    commit(desk)


def test_the_same_key_encrypted_passes(desk: Desk) -> None:
    file = write(desk, "farm/group_vars/portal/more.yml", IN_CLEAR)
    desk.run("ansible-vault", "encrypt", *desk.vault, file)

    commit(desk, "farm")


def test_a_web_config_with_a_sample_key_is_refused(desk: Desk) -> None:
    write(desk, "src/Web/web.config", SAMPLE)

    is_refused(commit(desk, "src", code=1), "src/Web/web.config:1")


def test_a_web_config_with_an_explicit_key_in_clear_is_refused(desk: Desk) -> None:
    write(desk, "src/Web/web.config", NOBODYS)

    told = commit(desk, "src", code=1)

    is_refused(told, "src/Web/web.config:1")
    assert "error: machineKey stands in clear [key-in-clear]" in told
    assert "[key-in-clear] machine key in clear: encrypt the section" in told


def test_what_a_commit_goes_on_with_is_shown_and_nothing_else(desk: Desk) -> None:
    unwise = '<machineKey validation="3DES" decryption="AES" />'
    write(desk, "web.config", f"<configuration><system.web>{unwise}</system.web></configuration>")

    told = commit(desk, "web.config")

    assert "web.config:1:40: warning: validation 3DES means HMAC-SHA1" in told
    assert "\n[weak-algorithm] weak algorithm: write validation=" in told
    assert "keydeploy: " not in told
    write(desk, "web.config", GOOD)
    assert "keydeploy" not in commit(desk, "web.config")


def test_what_the_baseline_in_the_index_accepts_passes(desk: Desk) -> None:
    write(desk, "src/Web/web.config", NOBODYS)
    write(desk, "src/other/web.config", NOBODYS)
    desk.run("keydeploy", "lint", "--offline", ".", "--write-baseline", BASELINE)
    is_refused(commit(desk, "src/Web", code=1), "src/Web/web.config:1")

    desk.run("git", "add", BASELINE)
    (desk.work / BASELINE).unlink()
    assert "[key-in-clear]" not in commit(desk)
    told = commit(desk, "src")
    assert "keydeploy" not in told, "it says nothing of entries for files that this commit does not change"
    assert "baseline" not in told

    write(desk, "src/more/web.config", NOBODYS)
    is_refused(commit(desk, "src/more", code=1), "src/more/web.config:1")
    desk.run("git", "rm", "--cached", "--quiet", BASELINE)
    write(desk, "src/Web/web.config", NOBODYS + "\n")
    is_refused(commit(desk, "src/Web", code=1), "src/Web/web.config:1")


def test_a_baseline_in_another_folder_accepts_nothing(desk: Desk) -> None:
    write(desk, "src/web.config", NOBODYS)
    desk.run("keydeploy", "lint", "--offline", ".", "--write-baseline", BASELINE, cwd=desk.work / "src")

    is_refused(commit(desk, "src", code=1), "src/web.config:1")


def test_a_baseline_that_is_none_is_told(desk: Desk) -> None:
    write(desk, BASELINE, "{")

    told = commit(desk, BASELINE, code=1)

    assert f"keydeploy: error: the baseline {BASELINE} is not JSON\n" in told
    assert "the commit is refused: keydeploy lint ended with exit code 1\n" in told


def test_a_disclosed_key_is_refused(desk: Desk) -> None:
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    lists = desk.folder / "home/.config/keydeploy"
    lists.mkdir(parents=True)
    (lists / "disclosed-keys.csv").write_text(f"validationKey, decryptionKey\n{'a' * 64}, {hashed}\n", "utf-8")
    write(
        desk,
        "web.config",
        SAMPLE.replace("0123456789ABCDEF" * 4 + '" v', KEY + '" v').replace("0123456789ABCDEF" * 8, KEY * 2),
    )

    told = commit(desk, "web.config", code=1)

    is_refused(told, "web.config:1")
    assert "disclosed" in told


@pytest.mark.parametrize(
    "name", ["a folder/web two.config", "Übung/wéb.config", 'say "hi"/web.config', "-rf.config", "line\nend/web.config"]
)
def test_any_name_of_a_file_will_do(desk: Desk, name: str) -> None:
    write(desk, name, SAMPLE)

    is_refused(commit(desk, name, code=1))


def test_a_name_that_is_no_text_will_do(desk: Desk) -> None:
    write(desk, os.fsdecode(b"latin\xe9/web.config"), SAMPLE)

    is_refused(commit(desk, ".", code=1), "/web.config:1")


def test_what_counts_is_the_index_and_not_the_file_beside_it(desk: Desk) -> None:
    write(desk, "web.config", GOOD)
    desk.run("git", "add", "web.config")
    write(desk, "web.config", SAMPLE)
    commit(desk)

    desk.run("git", "add", "web.config")
    write(desk, "web.config", GOOD)
    is_refused(commit(desk, code=1), "web.config:1")


@pytest.mark.parametrize("how", [("--all",), ("--only", "web.config"), ("--include", "web.config")], ids=" ".join)
def test_what_commit_itself_stages_is_looked_at_too(desk: Desk, how: Sequence[str]) -> None:
    write(desk, "web.config", GOOD)
    write(desk, "other.txt", "1\n")
    commit(desk, "web.config")
    write(desk, "web.config", SAMPLE)
    desk.run("git", "add", "other.txt")

    is_refused(desk.run("git", "commit", "--message", "more", *how, code=1), "web.config:1")


def test_a_deletion_passes_and_a_file_that_stays_as_it_was_is_not_looked_at(desk: Desk) -> None:
    for name in ("one/web.config", "two/web.config"):
        write(desk, name, SAMPLE)
    desk.run("git", "add", "one", "two")
    desk.run("git", "commit", "--no-verify", "--message", "in spite of it")

    desk.run("git", "rm", "one/web.config")
    commit(desk)
    write(desk, "README.md", "# a farm\n")
    commit(desk, "README.md")
    assert desk.run("git", "ls-files", "one", "two") == "two/web.config\n"


def test_a_renamed_file_is_looked_at_again(desk: Desk) -> None:
    write(desk, "web.config", SAMPLE)
    desk.run("git", "add", "web.config")
    desk.run("git", "commit", "--no-verify", "--message", "in spite of it")

    desk.run("git", "mv", "web.config", "app.config")

    is_refused(commit(desk, code=1), "app.config:1")


def test_it_works_from_any_folder_and_tells_paths_from_the_top(desk: Desk) -> None:
    write(desk, "src/deep/web.config", SAMPLE)

    is_refused(commit(desk, "deep", code=1, cwd=desk.work / "src"), "src/deep/web.config:1")


def test_links_and_repositories_within_are_passed_over(desk: Desk) -> None:
    (desk.work / "web.config").symlink_to("nowhere")
    (desk.work / "hosts.config").symlink_to("/etc/hosts")
    desk.run("git", "init", "inner")
    desk.run("git", "commit", "--allow-empty", "--message", "inner", cwd=desk.work / "inner")

    commit(desk, ".")

    assert "inner" in desk.run("git", "ls-files")


def test_what_a_filter_encrypts_is_looked_at_as_git_keeps_it(desk: Desk) -> None:
    desk.run("git", "config", "filter.seal.clean", "base64 --wrap=0 | tr A-Za-z N-ZA-Mn-za-m")
    desk.run("git", "config", "filter.seal.smudge", "tr A-Za-z N-ZA-Mn-za-m | base64 --decode")
    write(desk, ".gitattributes", "*.yml filter=seal\n")
    write(desk, "more.yml", IN_CLEAR)

    commit(desk, ".gitattributes", "more.yml")

    assert KEY not in desk.run("git", "show", "HEAD:more.yml")


def test_many_and_large_files_pass(desk: Desk) -> None:
    for number in range(300):
        write(desk, f"many/{number}/web.config", GOOD)
    write(desk, "large.bin", os.urandom(3 * 2**20))

    commit(desk, "many", "large.bin")


def test_without_keydeploy_on_the_path_it_refuses_and_says_what_to_do(desk: Desk) -> None:
    write(desk, "README.md", "# a farm\n")

    told = commit(desk, "README.md", code=1, PATH="/usr/bin:/bin")

    assert "keydeploy: error: the commit is refused: keydeploy is not found\n" in told
    assert "keydeploy: hint: activate its environment" in told


def test_a_lint_that_fails_is_told_as_that(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "keydeploy").write_text("#!/bin/sh\necho keydeploy: error: broken\nexit 1\n", "utf-8")
    (tmp_path / "keydeploy").chmod(0o755)
    write(desk, "README.md", "# a farm\n")

    told = commit(desk, "README.md", code=1, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert "keydeploy: error: broken\n" in told
    assert "the commit is refused: keydeploy lint ended with exit code 1\n" in told


def test_it_works_in_another_worktree_of_the_repository(desk: Desk) -> None:
    desk.run("git", "worktree", "add", "../other")
    write(desk, "../other/web.config", SAMPLE)

    is_refused(commit(desk, "web.config", code=1, cwd=desk.folder / "other"), "web.config:1")


def test_hooks_that_are_there_stay_and_the_next_step_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.run("git", "init")
    hook = write(desk, ".git/hooks/pre-commit", "#!/bin/sh\ntrue\n")
    hook.chmod(0o755)

    told = desk.init("my farm")

    assert "this repository has hooks of its own, which stay" in told
    line = next(line.strip() for line in told.splitlines() if "/.githooks/pre-commit' || exit" in line)
    assert desk.run("git", "config", "--get", "core.hooksPath", code=1) == ""
    with hook.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    desk.run("git", "add", "--all")
    desk.run("git", "commit", "--message", "a farm")
    write(desk, "web.config", SAMPLE)
    is_refused(commit(desk, "web.config", code=1), "web.config:1")


def test_a_folder_of_hooks_that_is_set_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.run("git", "init")
    desk.run("git", "config", "core.hooksPath", "elsewhere")

    assert "this repository has hooks of its own, which stay" in desk.init()
    assert desk.run("git", "config", "--get-all", "core.hooksPath") == "elsewhere\n"
