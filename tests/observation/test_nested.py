"""Applications that inherit from each other are mended together as they would be one after the other."""

from pathlib import Path

from tests.observation.farm import Node, plan_of, spec_of


def test_what_an_application_above_gets_in_the_same_run_is_not_said_again_below(tmp_path: Path) -> None:
    paths = {"deep": "/a/b", "site": "/", "shop": "/a"}
    node = Node(tmp_path / "web1", dict.fromkeys(paths.values()))
    applications = {
        name: {
            "site": "Default Web Site",
            "path": path,
            "machine_key": "portal",
            "session_tokens": {"machine_key": "portal"},
        }
        for name, path in paths.items()
    }
    spec = spec_of(applications)

    after = node.roll_out(spec, plan_of(spec, node.observe(spec)))

    assert [subject.differences for subject in after.subjects] == [()] * 6
    registered = {
        name: node.file(folder).read_text("utf-8").count("<section name=")
        for name, folder in {
            "site": "C:\\inetpub\\wwwroot\\web.config",
            "shop": "C:\\inetpub\\a\\web.config",
            "deep": "C:\\inetpub\\a\\b\\web.config",
        }.items()
    }
    assert registered == {"site": 2, "shop": 0, "deep": 0}
