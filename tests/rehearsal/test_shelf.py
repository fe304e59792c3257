"""What must be made once is made once, whoever needs it first."""

import os
import time
from multiprocessing import get_context
from pathlib import Path

from keydeploy.rehearsal.shelf import Shelf

WORKERS = 4


def make(folder: Path) -> bytes:
    """Take the thing from the shelf as a worker does; making it takes a while."""

    def slowly() -> bytes:
        with (folder / "made").open("a", encoding="utf-8") as log:
            log.write("once\n")
        time.sleep(0.1)
        return os.urandom(16)

    return Shelf(folder).kept("thing", slowly)


def test_workers_that_need_a_thing_at_once_get_the_same_and_make_it_once(tmp_path: Path) -> None:
    with get_context("fork").Pool(WORKERS) as pool:
        found = pool.map(make, [tmp_path] * WORKERS)

    assert len({*found}) == 1
    assert (tmp_path / "made").read_text("utf-8") == "once\n"


def test_a_worker_that_dies_while_it_makes_a_thing_keeps_nobody_waiting(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        Shelf(tmp_path).kept("thing", lambda: os._exit(0))
    os.waitpid(child, 0)

    assert Shelf(tmp_path).kept("thing", lambda: b"made") == b"made"


def test_a_key_keeps_its_length_and_the_identity_that_it_stands_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)

    assert shelf.rsa_key("one", 3072).bits == 3072
    assert shelf.rsa_key("one", 2048) == shelf.rsa_key("one", 2048) != shelf.rsa_key("two", 2048)
    assert shelf.rsa_key("old", 512).bits == 1024


def test_only_its_owner_may_read_what_is_on_it(tmp_path: Path) -> None:
    Shelf(tmp_path).rsa_key("one", 2048)

    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}
