"""`keydeploy lint` on Windows nodes: one call over WinRM, answered by the C# that crossed the wire."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.beside import ONLY_ADMINISTRATORS, hold
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS
from tests.engine.hunting import find, forms, leaks
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Security

PAYLOAD = 200_000
"""Bytes of one call before base64, which go into one message."""
IMPERSONATING = OTHER_KEYS.replace(b"<machineKey", b'<identity impersonate="true" /><machineKey')


@pytest.fixture
def windows(tmp_path: Path, windows_dotnet: Path) -> Iterator[CSharpStand]:
    (tmp_path / "stand").mkdir()
    with CSharpStand(tmp_path / "stand", dotnet=windows_dotnet) as stand:
        yield stand


def test_windows_nodes_are_looked_at_in_one_call_and_nothing_leaks(windows: CSharpStand) -> None:
    windows.add_farm("portal", "web1", "web2")
    windows.own_config("web1").write_bytes(IMPERSONATING)
    windows.own_config("web2").write_bytes(DECLARED_KEYS)
    with windows.serve(Security(), "web1", "web2"):
        hold(windows.somebody_at("web1"), "Portal", "others", sddl=f"{ONLY_ADMINISTRATORS}(A;;GR;;;S-1-5-32-568)")
        readable = windows.keydeploy("lint", "-vvvvv", "--format", "json")
        hold(windows.somebody_at("web2"), "Portal", "others")
        windows.own_config("web2").write_bytes(IMPERSONATING)
        alone = windows.keydeploy("lint", "--format", "json")
        calls = [windows.seen_by(host).calls for host in ("web1", "web2")]
        exchanges = [exchange for host in windows.addresses for exchange in windows.seen_by(host).exchanges]

    assert (readable.code, alone.code) == (6, 0), readable.text + alone.text
    first, second = (
        {(each["rule"], each["node"]) for each in json.loads(ran.out)["findings"]} for ran in (readable, alone)
    )
    assert ("key-differs-between-nodes", "web2") in first
    assert not {("impersonation", "web1"), ("impersonation", "web2")} & first
    assert ("impersonation", "web2") in second
    assert ("impersonation", "web1") not in second
    assert [len(each) for each in calls] == [2, 2]
    assert max(call.raw_size for each in calls for call in each) <= PAYLOAD
    wanted = forms()
    assert not any(find(part, wanted) for exchange in exchanges for part in (exchange.received, exchange.sent) if part)
    assert leaks(windows, readable, alone) == []
