"""A comparison of two runs as text for a person."""

from collections.abc import Iterator

from rich.text import Text

from keydeploy.report.comparison import Comparison, FarmComparison, Replaced
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import Verdict
from keydeploy.report.moved import Change, Moved
from keydeploy.report.saved import Saved
from keydeploy.report.signs import sign_of_verdict
from keydeploy.report.visible import visible_line
from keydeploy.report.wording import count, names
from keydeploy.spec import Material

_FINGERPRINT_SHOWN = len("sha256:") + 16

_WHOLE = "the whole node"
WORDS = {
    Change.DRIFTED: "drifted since",
    Change.OTHERWISE: "differs in another way now",
    Change.FOUND: "could not be told before; differs now",
    Change.NEW_DIFFERS: "new; differs",
    Change.NOT_TOLD_NOW: "cannot be told now",
    Change.NEW_NOT_TOLD: "new; cannot be told",
    Change.NEVER_TOLD: "cannot be told, as before",
    Change.STILL: "differs, as before",
    Change.NEW: "new",
    Change.GONE: "gone",
    Change.TOLD_AGAIN: "can be told again, and is as declared",
    Change.MENDED: "mended since",
}
"""What to say of each change, the most pressing first."""
_SYMBOLS = {
    Change.DRIFTED: ("≠", "red"),
    Change.OTHERWISE: ("≠", "red"),
    Change.FOUND: ("≠", "red"),
    Change.NEW_DIFFERS: ("≠", "red"),
    Change.NOT_TOLD_NOW: ("?", "red"),
    Change.NEW_NOT_TOLD: ("?", "red"),
    Change.NEVER_TOLD: ("?", "red"),
    Change.STILL: ("≠", "yellow"),
    Change.NEW: ("+", "yellow"),
    Change.GONE: ("-", "yellow"),
    Change.TOLD_AGAIN: ("✓", "green"),
    Change.MENDED: ("✓", "green"),
}


def lines(comparison: Comparison) -> Iterator[Text]:
    """Yield *comparison* line by line."""
    for which, saved in (("old", comparison.old), ("new", comparison.new)):
        yield _line(f"{which}: {told_of(saved)}", "bold")
    for remark in comparison.remarks:
        yield _line(f"! {remark}", "yellow")
    for farm in comparison.farms:
        yield from _farm(farm, comparison)
    for words, notices in (("new", comparison.policy_new), ("gone", comparison.policy_gone)):
        for notice in notices:
            yield _line(f"policy, {words}: {notice}", "red" if words == "new" else "green")
    if comparison.is_same:
        yield _line("nothing has changed between the two runs", "green")
    elif not comparison.has_changed:
        yield _line("no change is known between the two runs, but not everything can be told", "yellow")


def told_of(saved: Saved) -> str:
    """Answer which run *saved* is of, and how that ended."""
    report = saved.report
    verb = f"{report.verb.value}{' --check' if report.check else ''}"
    return f"{verb} of {saved.made.time}, exit code {int(exit_code(report))}, run {report.run or 'without a name'}"


def verdicts(farm: FarmComparison, comparison: Comparison) -> str:
    """Answer how the verdict on *farm* was and is."""
    old = _verdict(farm.old, comparison.old)
    new = _verdict(farm.new, comparison.new)
    if old is None or new is None:
        return f"only in the {'new' if old is None else 'old'} report: {old or new}"
    return f"{old}, as before" if old == new else f"{old} → {new}"


def grouped(farm: FarmComparison) -> Iterator[tuple[Change, tuple[str, ...], tuple[str, ...]]]:
    """Yield what has changed, the most pressing first: the change, the addresses, and the nodes."""
    nodes: dict[tuple[Change, str], list[str]] = {}
    for each in sorted(farm.moved, key=_urgency):
        nodes.setdefault((each.change, each.address or _WHOLE), []).append(each.node)
    addresses: dict[tuple[Change, tuple[str, ...]], list[str]] = {}
    for (change, address), found in nodes.items():
        addresses.setdefault((change, tuple(found)), []).append(address)
    for (change, alike), several in addresses.items():
        yield change, tuple(several), alike


def _urgency(moved: Moved) -> int:
    return list(WORDS).index(moved.change)


def _farm(farm: FarmComparison, comparison: Comparison) -> Iterator[Text]:
    yield _line(f"farm {farm.farm}: {verdicts(farm, comparison)}", "bold")
    if farm.old is not None and farm.new is not None and not farm.is_same_spec:
        yield _line("  the spec is another one, or declares no secret", "yellow")
    for words, nodes in (("new nodes", farm.new_nodes), ("nodes that are gone", farm.gone_nodes)):
        if nodes:
            yield _line(f"  {words}: {names(nodes)}", "yellow")
    for change, addresses, nodes in grouped(farm):
        symbol, style = _SYMBOLS[change]
        yield _line(f"  {symbol} {WORDS[change]} on {', '.join(nodes)}: {names(addresses)}", style)
    yield from _keys(farm)
    if farm.unchanged:
        yield _line(f"  as declared, as before: {count(farm.unchanged, 'thing')}", "dim")


def _keys(farm: FarmComparison) -> Iterator[Text]:
    """Yield what is to be said of keys and certificates, wherever they are."""
    for key in farm.replaced:
        yield _line(f"  {what_differs(key)}: {_replaced(key)}")
    for each in farm.violated:
        yield _line(f"  ! must not be used now: {each.address}: {each.text} on {names(each.nodes)}", "red")
    for each in farm.absolved:
        yield _line(f"  ✓ must not have been used before: {each.address}: {each.text} on {names(each.nodes)}", "green")
    for material in farm.declared:
        yield _line(f"  declared: {_declared(material)}")
    for address in farm.undeclared:
        yield _line(f"  not declared any more: {address}")


def what_differs(key: Replaced) -> str:
    """Answer what another fingerprint at the address of *key* says."""
    if "machine_key" in key.address:  # its fingerprint is over both keys and both algorithms
        return "another key, or the same with other algorithms"
    return "key replaced"


def _replaced(key: Replaced) -> str:
    """Answer which key took the place of which."""
    old, new = (each[:_FINGERPRINT_SHOWN] for each in (key.old, key.new))
    return f"{key.address}: {old} → {new} on {names(key.nodes)}"


def _declared(material: Material) -> str:
    """Answer what *material* says of itself."""
    days = [f"{word} {day}" for word, day in (("made", material.created), ("ends", material.due)) if day is not None]
    key = [f"key {material.fingerprint[:_FINGERPRINT_SHOWN]}"] if material.fingerprint else []
    return f"{material.address}: {', '.join([*days, *key]) or 'without days'}"


def _verdict(verdict: Verdict | None, saved: Saved) -> str | None:
    return verdict and sign_of_verdict(verdict, saved.report.verb, check=saved.report.check).words


def _line(text: str, style: str = "") -> Text:
    return Text(visible_line(text), style=style)
