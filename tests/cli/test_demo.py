"""`make demo` shows the main job; each of its steps ends with the exit code that it announces."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_goes_through_with_what_is_committed(tmp_path: Path) -> None:
    committed = subprocess.run(
        ["git", "ls-files", "inventories/demo"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert committed.stdout.split() == ["inventories/demo/inventory.yml", "inventories/demo/run.sh"]

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "inventories/demo/run.sh", tmp_path / "demo"],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "drift on 1 of 3 nodes" in done.stdout
    assert "Drift was found" in (tmp_path / "demo" / "drift.html").read_text("utf-8")
    assert [line for line in done.stdout.splitlines() if line.startswith("exit code")] == [
        f"exit code {code}" for code in (0, 2, 0, 0, 2, 0, 0)
    ]
