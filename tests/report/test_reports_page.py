"""docs/reports.md tells every metric, and its rules fire when they should."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.report import prometheus
from keydeploy.report.prometheus import HELP
from keydeploy.report.records import KINDS
from keydeploy.report.standing import State
from tests.report import reading
from tests.report.runs import MADE, SHAPES

PAGE = (Path(__file__).parents[2] / "docs/reports.md").read_text("utf-8")
RULES = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("groups:"))
DAY = 86400


def rows(first: str) -> dict[str, list[str]]:
    """Answer the table whose head begins with *first*, by the first cell of each row."""
    lines = PAGE.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    found = {}
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[name] = cells
    return found


def test_every_metric_is_told_with_its_labels() -> None:
    labels: dict[str, set[str]] = {}
    for report in SHAPES.values():
        for name, samples in reading.prometheus(prometheus.render(report, MADE, record="r")).items():
            labels.setdefault(name, set()).update(label for told in samples for label, _ in told)
    told = {name.strip("`"): set(re.findall("`(.*?)`", cells[0])) for name, cells in rows("metric").items()}

    assert list(told) == list(HELP)
    assert told == labels


def test_every_kind_and_every_state_is_told() -> None:
    assert [name.strip("`") for name in rows("kind")] == list(KINDS)
    assert {name for cell in rows("state") for name in re.findall("`(.*?)`", cell)} == {state.value for state in State}


def test_the_rules_are_as_prometheus_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "keydeploy.rules.yml"
    file.write_text(RULES, "utf-8")
    checked = reading.promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stdout + checked.stderr


FARM, NODE = {"farm": "portal"}, {"farm": "portal", "node": "web2"}
KEY = {**FARM, "address": "machine_keys.portal"}


@pytest.mark.parametrize(
    ("alert", "series", "values", "labels"),
    [
        ("KeydeployDrift", "keydeploy_node_drift", "1", NODE),
        ("KeydeployDrift", "keydeploy_node_drift", "0", None),
        ("KeydeployCannotTell", "keydeploy_node_state", "1", {**NODE, "state": "unreachable"}),
        ("KeydeployCannotTell", "keydeploy_node_state", "0", None),
        ("KeydeploySplit", "keydeploy_farm_verdict", "1", {**FARM, "verdict": "incomplete"}),
        ("KeydeployFails", "keydeploy_up", "0", {"record": "keydeploy"}),
        ("KeydeployFails", "keydeploy_up", "1", None),
        ("KeydeployDoesNotRun", "keydeploy_run_timestamp_seconds", "0", {"record": "keydeploy"}),
        ("KeydeployNotProved", "keydeploy_farm_last_verified_timestamp_seconds", "0", FARM),
        ("KeydeployNotProved", "keydeploy_farm_last_verified_timestamp_seconds", str(9 * DAY), None),
        ("KeydeployCertificateExpires", "keydeploy_certificate_expiry_timestamp_seconds", str(30 * DAY), KEY),
        ("KeydeployCertificateExpires", "keydeploy_certificate_expiry_timestamp_seconds", str(40 * DAY), None),
        ("KeydeployKeyOverdue", "keydeploy_key_due_timestamp_seconds", str(9 * DAY), KEY),
        ("KeydeployKeyOverdue", "keydeploy_key_due_timestamp_seconds", str(11 * DAY), None),
        ("KeydeployPolicy", "keydeploy_policy_findings", "2", {**FARM, "kind": "disclosed"}),
        ("KeydeployPolicy", "keydeploy_policy_findings", "0", None),
    ],
)
def test_an_alert_fires_ten_days_on_where_it_should(
    tmp_path: Path, alert: str, series: str, values: str, labels: dict[str, str] | None
) -> None:
    known = labels or {**KEY, "node": "web2", "state": "unknown", "kind": "disclosed", "record": "keydeploy"}
    written = ",".join(f'{name}="{each}"' for name, each in known.items())
    expected = [{"exp_labels": labels}] if labels is not None else []
    test: dict[str, Any] = {
        "rule_files": ["keydeploy.rules.yml"],
        "evaluation_interval": "1h",
        "tests": [
            {
                "interval": "1h",
                "input_series": [{"series": f"{series}{{{written}}}", "values": f"{values}x300"}],
                "alert_rule_test": [{"eval_time": "10d", "alertname": alert, "exp_alerts": expected}],
            }
        ],
    }
    bare = yaml.safe_load(RULES)
    for rule in bare["groups"][0]["rules"]:
        rule.pop("annotations", None)
    (tmp_path / "keydeploy.rules.yml").write_text(yaml.safe_dump(bare), "utf-8")
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test), "utf-8")

    tested = reading.promtool("test", "rules", str(tmp_path / "test.yml"))

    assert tested.returncode == 0, tested.stdout + tested.stderr
