"""What was checked once is not checked again in each worker; what is another the second time is found all the same."""

from pathlib import Path
from typing import Any

from tests.engine.declaring import certificate, issued
from tests.engine.farm import QUICK, Stand, import_of, reasons

NEW_EACH_TIME = "{{ lookup('ansible.builtin.password', '/dev/null', length=64, chars=['ABCDEF', 'digits']) }}"


def farm(folder: Path, *nodes: str, **spec: Any) -> Stand:
    certificates = {"portal": certificate(issued("portal.contoso.com"))}
    return Stand(folder).add_farm("portal", *nodes, rollout=QUICK, certificates=certificates, **spec)


def seals(stand: Stand, plays: int) -> list[dict[str, Any]]:
    """Answer the seals of as many *plays* of one run."""
    ran = stand.playbook([import_of("plan") for _ in range(plays)])
    checked = [seen["result"] for seen in ran.dumped if seen["action"] == "keydeploy.core.validate"]
    assert [each["state"] for each in checked] == ["valid"] * plays, ran.text
    return [each["seals"] for each in checked]


def test_all_workers_of_a_run_know_the_seals_and_those_of_no_other_run(tmp_path: Path) -> None:
    """Each step is a process of its own: that two of them make the same tags shows that both have the same key."""
    stand = farm(tmp_path, "web1", "web2")
    one, same = seals(stand, 2)
    (other,) = seals(stand, 1)
    assert one["certificates"] == same["certificates"]
    assert one["declarations"].keys() == same["declarations"].keys()
    assert len(one["declarations"]) == len(one["certificates"]) == 1
    assert one["declarations"].keys().isdisjoint(other["declarations"])
    assert one["certificates"].keys().isdisjoint(other["certificates"])
    assert [*one["certificates"].values()] == [*other["certificates"].values()]


def test_a_spec_that_resolves_to_other_values_each_time_is_not_rolled_out(tmp_path: Path) -> None:
    keys = {"portal": {"validation_key": NEW_EACH_TIME, "decryption_key": NEW_EACH_TIME}}
    ran = farm(tmp_path, "web1", machine_keys=keys).tell("apply")
    assert ran.code == 1
    assert any("resolved to other values" in reason for reason in reasons(ran.of("portal")))
