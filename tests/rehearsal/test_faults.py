"""What shall go wrong, as people write it."""

import re
from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from keydeploy.node.sandbox.faults import Fault
from keydeploy.rehearsal.faults import HostFault, check_hosts, read


@pytest.mark.parametrize(
    ("text", "host", "fault"),
    [
        ("web2:journal.commit:fail", "web2", Fault(at="journal.commit", do="fail")),
        ("web2:file.stage:fail,code=access_denied", "web2", Fault(at="file.stage", do="fail", code="access_denied")),
        ("web2:journal.begin:late,seconds=2.5", "web2", Fault(at="journal.begin", do="late", seconds=2.5)),
        ("web2:journal.commit:die,write=3,times=1", "web2", Fault(at="journal.commit", do="die", write=3, times=1)),
        ("web2:file.stage:full,lasting=true", "web2", Fault(at="file.stage", do="full", lasting=True)),
        ("fe80::1:system.read:cut", "fe80::1", Fault(at="system.read", do="cut")),
        (
            "web2:journal.commit:touch,path=C:\\inetpub\\portal\\web.config",
            "web2",
            Fault(at="journal.commit", do="touch", path="C:\\inetpub\\portal\\web.config"),
        ),
    ],
)
def test_a_fault_is_read(text: str, host: str, fault: Fault) -> None:
    assert read([text]) == (HostFault(host, fault),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("web2", "is not HOST:OPERATION:WHAT"),
        ("web2:journal.commit", "is not HOST:OPERATION:WHAT"),
        (":journal.commit:fail", "is not HOST:OPERATION:WHAT"),
        ("web2:journal.commit:fail,code", "is not HOST:OPERATION:WHAT"),
        ("web2:journal.commits:fail", "is no operation of the contract"),
        ("web2:journal.commit:explode", '"explode" is nothing that a node does; known: again, cut'),
        ("web2:journal.commit:fail,seconds=2", 'fail takes no "seconds"'),
        ("web2:journal.commit:late,seconds=long", 'seconds of late cannot be "long"'),
        ("web2:journal.commit:die,write=0", "write of die cannot be 0"),
        ("web2:journal.commit:full,lasting=yes", 'lasting of full cannot be "yes"'),
        ("web2:journal.commit:touch", "touch at journal.commit needs path"),
    ],
)
def test_what_no_node_does_is_refused(text: str, told: str) -> None:
    with pytest.raises(KeydeployError) as error:
        read([text])

    assert error.value.message.startswith(f"--fault {text}: ")
    assert told in error.value.message
    assert "such as web2:journal.commit:fail" in (error.value.hint or "")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(KeydeployError, match=r"--fault one: .*; --fault two: "):
        read(["one", "web2:journal.commit:fail", "two"])


def test_a_fault_of_a_host_that_is_not_there_is_refused() -> None:
    faults = read(["web2:journal.commit:fail", "web9:journal.commit:fail"])

    check_hosts(faults, ["web2", "web9"])
    with pytest.raises(KeydeployError, match="--fault names web9, of which there is no copy") as error:
        check_hosts(faults, ["web1", "web2"])
    assert error.value.hint == "there are web1, web2"


def test_the_faults_in_the_documentation_are_such() -> None:
    text = (Path(__file__).parents[2] / "docs/rehearsal.md").read_text("utf-8")
    written = re.findall(r"\bweb\d:[a-z_.]+:[a-z]\S*", text)

    assert len(written) > 5
    assert len(read(written)) == len(written)
