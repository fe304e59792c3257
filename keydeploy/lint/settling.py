"""Takes out of what rules found what comments in the files accept, and tells which comments are no good themselves."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from keydeploy.lint.model import Finding, Rule, Suppressed
from keydeploy.lint.rules.suppressions import UNKNOWN, UNUSED, WITHOUT_REASON
from keydeploy.lint.sight import shown
from keydeploy.lint.suppression import Place, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is left when suppressions have done their work."""

    findings: tuple[Finding, ...]
    """With those about the suppressions themselves."""
    suppressed: tuple[Suppressed, ...]


def settle(
    findings: Iterable[Finding], suppressions: Iterable[Suppression], known: Iterable[Rule], judged: Collection[str]
) -> Settled:
    """Take out of *findings* what *suppressions* are about.

    *known* are all rules; *judged* the ids of those that ran, so that a suppression of another one is not called
    unused.
    """
    findings, suppressions = tuple(findings), tuple(suppressions)
    reasons, used = _matched(findings, suppressions)
    kept = [finding for number, finding in enumerate(findings) if number not in reasons]
    suppressed = [Suppressed(finding=findings[number], reason=reason) for number, reason in sorted(reasons.items())]
    ids = {rule.id for rule in known}
    kept.extend(fault for each in suppressions for fault in _faults(each, ids, judged, is_used=each in used))
    return Settled(findings=tuple(kept), suppressed=tuple(suppressed))


def _matched(
    findings: Sequence[Finding], suppressions: Sequence[Suppression]
) -> tuple[dict[int, str], set[Suppression]]:
    """Answer the reason for each of *findings* that is accepted, by its number, and the *suppressions* about any.

    The time grows with their number: files may come from somebody else's repository.
    """
    about: dict[tuple[str, str], list[Suppression]] = defaultdict(list)
    for each in suppressions:
        if each.reason:
            about[each.file, each.rule].append(each)
    struck: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, finding in enumerate(findings):
        struck[finding.file, finding.rule.id].append(number)
    reasons: dict[int, str] = {}
    used: set[Suppression] = set()
    for key in about.keys() & struck.keys():
        for_file = [each for each in about[key] if each.covers_file]
        if for_file:
            used.update(for_file)
            reasons |= dict.fromkeys(struck[key], for_file[-1].reason)
        places = {
            number: (line, findings[number].column or 1)
            for number in struck[key]
            if (line := findings[number].line) is not None
        }
        reasons |= _matched_by_place(places, [each for each in about[key] if not each.covers_file], used)
    return reasons, used


def _matched_by_place(
    places: dict[int, Place], suppressions: Sequence[Suppression], used: set[Suppression]
) -> Iterator[tuple[int, str]]:
    """Yield each number of *places* that one of *suppressions* is about, with the reason, and add those to *used*.

    What they cover lies apart or one in the other, as elements do; so those about a place are on one stack, and all
    that cover one that is in use are in use.
    """
    waiting = sorted(suppressions, key=lambda each: (each.covers[0], *(-number for number in each.covers[1])))
    waiting.reverse()
    about: list[Suppression] = []
    for number, place in sorted(places.items(), key=lambda pair: pair[1]):
        while waiting and waiting[-1].covers[0] <= place:
            following = waiting.pop()
            _drop(about, following.covers[0])
            about.append(following)
        _drop(about, place)
        if about:
            yield number, about[-1].reason
        for each in reversed(about):
            if each in used:
                break
            used.add(each)


def _drop(about: list[Suppression], place: Place) -> None:
    """Take from the top of the stack *about* what ends before *place*."""
    while about and about[-1].covers[1] <= place:
        about.pop()


def _faults(each: Suppression, ids: set[str], judged: Collection[str], *, is_used: bool) -> Iterator[Finding]:
    if each.rule not in ids:
        name = shown(each.rule.replace("-", " "))
        yield _fault(each, UNKNOWN, f"no rule is called {each.rule}" if name else "no rule has this id")
    elif not each.reason:
        yield _fault(each, WITHOUT_REASON, f"{each.rule} is suppressed without a reason")
    elif not is_used and each.rule in judged:
        yield _fault(each, UNUSED, f"{each.rule} does not strike here")


def _fault(each: Suppression, rule: Rule, text: str) -> Finding:
    line, column = each.place
    subject = "suppression" if rule is UNKNOWN else f"suppression of {each.rule}"
    return Finding(rule=rule, file=each.file, line=line, column=column, text=text, subject=subject)
