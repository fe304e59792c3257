"""App pools: what is in force, and how it changes and goes back."""

import re
from typing import Any

import pytest

from keydeploy.node.contract import (
    AppPoolSettings,
    BeginJournal,
    Commit,
    ListAppPools,
    RecycleAppPool,
    RollBack,
    StageAppPool,
    StageBackup,
)
from tests.node.contract.asking import (
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    refused,
    roll_out,
    stage,
    standing,
    switch,
)
from tests.node.contract.iis import APPLICATION_HOST, MARK, install
from tests.node.contract.under_test import NodeUnderTest

UNKNOWN = AppPoolSettings(load_user_profile=None, set_profile_environment=None)
PLAIN = AppPoolSettings(load_user_profile=True, set_profile_environment=None)
OWN = AppPoolSettings(load_user_profile=False, set_profile_environment=True)
GRACE = 2.0


@pytest.fixture
def iis(node: NodeUnderTest) -> NodeUnderTest:
    install(node)
    return node


def only(*, load: bool | None = None, environment: bool | None = None) -> AppPoolSettings:
    return AppPoolSettings(load_user_profile=load, set_profile_environment=environment)


def pools(node: NodeUnderTest) -> dict[str, dict[str, Any]]:
    listed = done(node, ListAppPools(), run="looking")["app_pools"]
    return {pool["name"]: pool for pool in listed}


def in_force(node: NodeUnderTest, name: str) -> AppPoolSettings:
    return AppPoolSettings(**pools(node)[name]["settings"])


# Reading


def test_the_pools_are_listed(iis: NodeUnderTest) -> None:
    assert list(pools(iis)) == ["Plain", "Own"]


def test_a_setting_of_the_pool_counts_before_the_default(iis: NodeUnderTest) -> None:
    assert (in_force(iis, "Plain"), in_force(iis, "Own")) == (PLAIN, OWN)


@pytest.mark.parametrize("defaults", ["", "<processModel />"])
def test_a_setting_that_stands_nowhere_is_not_known(node: NodeUnderTest, defaults: str) -> None:
    install(node, defaults)
    assert in_force(node, "Plain") == UNKNOWN


def test_a_pool_tells_as_whom_it_runs(iis: NodeUnderTest) -> None:
    found = [(pool["identity"], pool["user"]) for pool in pools(iis).values()]
    assert found == [("NetworkService", None), ("SpecificUser", "DOMAIN\\service")]
    assert MARK not in str(pools(iis))


def test_a_pool_runs_as_itself_where_nobody_says_otherwise(node: NodeUnderTest) -> None:
    install(node, "")
    assert pools(node)["Plain"]["identity"] == "ApplicationPoolIdentity"


def test_a_pool_that_runs_is_shown_as_started(iis: NodeUnderTest) -> None:
    assert pools(iis)["Plain"]["state"] == "started"


def test_looking_at_pools_changes_nothing(iis: NodeUnderTest) -> None:
    before = iis.tree()
    pools(iis)
    assert iis.tree() == before


# Where IIS is not installed, or damaged


def test_without_iis_there_are_no_pools_to_list(node: NodeUnderTest) -> None:
    assert refusal(node, ListAppPools()) == "no_iis"


@pytest.mark.parametrize("change", [StageAppPool("Plain", PLAIN, OWN), RecycleAppPool("Plain")])
def test_without_iis_no_pool_is_staged(node: NodeUnderTest, change: StageAppPool | RecycleAppPool) -> None:
    assert refused(node, change) == "no_iis"


def test_a_damaged_configuration_is_told_without_quoting_it(node: NodeUnderTest) -> None:
    node.write(APPLICATION_HOST, f"<configuration><{MARK}".encode())
    (result,) = ask(node, ListAppPools())
    assert result["error"]["code"] == "malformed"
    assert MARK not in str(result)


# Staging


def test_staging_changes_no_setting(iis: NodeUnderTest) -> None:
    before = iis.read(APPLICATION_HOST)
    stage(iis, StageAppPool("Plain", PLAIN, only(load=False)), RecycleAppPool("Plain"))
    assert iis.read(APPLICATION_HOST) == before


@pytest.mark.parametrize("before", [UNKNOWN, OWN, only(load=True, environment=False)])
def test_a_pool_that_is_not_as_it_was_observed_is_not_staged(iis: NodeUnderTest, before: AppPoolSettings) -> None:
    assert refused(iis, StageAppPool("Plain", before, only(load=False))) == "changed"


@pytest.mark.parametrize("change", [StageAppPool("Missing", UNKNOWN, OWN), RecycleAppPool("Missing")])
def test_a_pool_that_does_not_exist_is_not_staged(iis: NodeUnderTest, change: StageAppPool | RecycleAppPool) -> None:
    (*_, result) = ask(iis, acquire(), BeginJournal(), change)
    assert result["error"]["code"] == "changed"
    assert "Missing" not in str(result)


# Switching and going back


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("Plain", PLAIN, only(load=False), only(load=False)),
        ("Plain", PLAIN, only(environment=True), only(load=True, environment=True)),
        ("Plain", PLAIN, only(load=False, environment=False), only(load=False, environment=False)),
        ("plain", PLAIN, PLAIN, PLAIN),
        ("Plain", PLAIN, UNKNOWN, PLAIN),
        ("Own", OWN, only(load=True), only(load=True, environment=True)),
        ("Own", OWN, only(load=True, environment=False), only(load=True, environment=False)),
    ],
)
def test_settings_change_and_go_back(
    iis: NodeUnderTest, name: str, before: AppPoolSettings, after: AppPoolSettings, expected: AppPoolSettings
) -> None:
    listed = pools(iis)
    stage(iis, StageAppPool(name, before, after))
    switch(iis)
    assert in_force(iis, name.capitalize()) == expected
    done(iis, RollBack())
    assert pools(iis) == listed


def test_other_pools_keep_their_settings(iis: NodeUnderTest) -> None:
    stage(iis, StageAppPool("Plain", PLAIN, only(load=False, environment=False)))
    switch(iis)
    assert in_force(iis, "Own") == OWN


def test_a_setting_that_changed_since_it_was_staged_is_left(iis: NodeUnderTest) -> None:
    stage(iis, StageAppPool("Plain", PLAIN, only(environment=True)))
    install(iis, "")
    assert refusal(iis, Commit(iis.clock(), GRACE)) == "changed"
    assert in_force(iis, "Plain") == UNKNOWN
    done(iis, RollBack())
    assert in_force(iis, "Plain") == UNKNOWN


def test_a_setting_that_somebody_changed_after_the_commit_is_left(iis: NodeUnderTest) -> None:
    stage(iis, StageAppPool("Plain", PLAIN, only(environment=True)))
    switch(iis)
    install(iis, "")
    assert refusal(iis, RollBack()) == "changed"
    assert in_force(iis, "Plain") == UNKNOWN
    assert journal_of(iis)["run"] is not None


def test_a_repeated_commit_leaves_the_settings_alone(iis: NodeUnderTest) -> None:
    stage(iis, StageAppPool("Plain", PLAIN, only(load=False)))
    commit = Commit(iis.clock(), GRACE)
    assert done(iis, commit) == done(iis, commit)
    assert in_force(iis, "Plain") == only(load=False)


def test_recycling_leaves_the_configuration_as_it_is(iis: NodeUnderTest) -> None:
    before = iis.read(APPLICATION_HOST)
    stage(iis, RecycleAppPool("Plain"))
    switch(iis)
    assert iis.read(APPLICATION_HOST) == before
    done(iis, RollBack())
    assert iis.read(APPLICATION_HOST) == before
    assert journal_of(iis)["run"] is None


# Against a backup, and the way back


def test_a_pool_stands_against_its_backup_and_is_taken_back(iis: NodeUnderTest) -> None:
    before = pools(iis)
    roll_out(iis, StageAppPool("Plain", PLAIN, only(load=False)), RecycleAppPool("Plain"), run=RUN)
    assert backup_of(iis, RUN)["places"] == [{"noun": "app_pool", "place": "Plain", "state": "as_left"}]
    roll_out(iis, StageAppPool("Plain", only(load=False), only(environment=True)))
    assert standing(iis, RUN) == ["changed"]
    roll_out(iis, StageBackup(RUN, True), run="undo")
    assert (pools(iis), standing(iis, RUN)) == (before, ["as_before"])
    roll_out(iis, StageBackup("undo", False))
    assert in_force(iis, "Plain") == only(load=False, environment=True)


def test_a_pool_that_has_gone_counts_as_changed(iis: NodeUnderTest) -> None:
    roll_out(iis, StageAppPool("Plain", PLAIN, only(load=False)), run=RUN)
    host = iis.read(APPLICATION_HOST)
    assert host is not None
    iis.write(APPLICATION_HOST, re.sub(rb'<add name="Plain".*?</add>', b"", host, count=1, flags=re.DOTALL))
    assert "Plain" not in pools(iis)
    assert standing(iis, RUN) == ["changed"]
