"""Measures farms of Windows nodes as the controller sees them: real winrm connections, sandbox nodes behind them.

Every call takes no time on its node, and then NODE_TIME seconds, as a node that starts PowerShell and compiles does.

    python -m benchmarks.winrm_farm [NODES]...
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product, zip_longest
from pathlib import Path

from benchmarks import budgets, farm
from benchmarks.budgets import Budget
from benchmarks.reporting import report_farms
from tests.winrm.farm import WinRmStand
from tests.winrm.server import Delay, Node, Security

NODE_TIME = 1.0
_NOTE = (
    "the processor time of the nodes, and of the server that plays them on the same cores, is not in that of the"
    " controller; it stands beside it, with what looking at the memory takes"
)


def main(sizes: Sequence[int]) -> None:
    """Measure farms of *sizes* nodes, without and with node time."""
    farms = (farm.patiently(partial(measure, *each)) for each in product(sizes, (0.0, NODE_TIME)))
    report_farms("winrm_farm", "farms of WinRM nodes, NTLM with message encryption", farms, held, _NOTE)


def measure(nodes: int, node_time: float) -> farm.Farm:
    """Measure a farm of as many *nodes*, each of whose calls takes *node_time* seconds."""
    hosts = farm.host_names(nodes)
    with tempfile.TemporaryDirectory() as folder:
        stand = WinRmStand(Path(folder), web_config=None)
        farm.add_farm(stand, hosts)
        with stand.serve(Security(), *hosts):
            for host in hosts:
                stand.seen_by(host).misbehave(Delay(node_time))
            return farm.measure(stand, hosts, node_time=node_time, wire=lambda: _wire(stand, hosts))


def held(farms: Sequence[farm.Farm]) -> Iterator[Budget]:
    """Hold *farms* against their budgets."""
    for each in farms:
        match each.nodes, each.node_time:
            case 50, 1.0:
                yield Budget("first apply, 50 nodes of 1 s", each.run(farm.FIRST_APPLY).cost.seconds, 14.0, "s")
            case 200, 1.0:
                yield Budget("drift, 200 nodes of 1 s", each.run(farm.DRIFT).cost.seconds, 12.0, "s")
    yield from budgets.of_calls(farms)
    yield from budgets.of_requests(farms)


def _wire(stand: WinRmStand, hosts: Sequence[str]) -> farm.Wire | None:
    """Answer what crossed the wire since this was asked before, None when nothing did."""
    nodes = [stand.seen_by(host) for host in hosts]
    if not any(node.calls for node in nodes):
        return None
    wire = farm.Wire(
        request_bytes=tuple(max(sizes) for sizes in zip_longest(*map(_request_bytes, nodes), fillvalue=0)),
        up_bytes=max(sum(exchange.received_size for exchange in node.exchanges) for node in nodes),
        down_bytes=max(sum(exchange.sent_size for exchange in node.exchanges) for node in nodes),
    )
    for node in nodes:
        node.calls.clear()
        node.exchanges.clear()
    return wire


def _request_bytes(node: Node) -> list[int]:
    return [call.raw_size for call in node.calls]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 50, 200])
