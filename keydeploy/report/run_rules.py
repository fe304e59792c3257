"""What a run may have to tell, as rules with their reasons and remedies: for records that explain themselves."""

from collections.abc import Mapping

from keydeploy.lint.model import Rule, Severity

_NODES = "docs/rollout.md: every node of a farm must show what the spec declares"
_POLICY = "docs/spec.md and docs/disclosed-keys.md: how long keys may be used, and which must not be"
_PLAN = "keydeploy plan shows it, and keydeploy apply puts it right on all nodes at one instant"
_SHOWS = "the text that keydeploy drift prints names the cause; keydeploy doctor checks the connection"


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

_APART = "Nodes that do not agree refuse each other's tickets, cookies or encrypted sections."
_UNTOLD = "What cannot be told is never in order: the node may differ from the others."

_TABLE = {
    # How a thing stands on a node, by the words of the classification.
    "missing": ("missing", _E, "Something that is declared is not on the node", _APART, _NODES, _PLAN),
    "changed": ("changed", _E, "Something on the node is not as declared", _APART, _NODES, _PLAN),
    "extra": ("extra", _E, "Something is on the node that must not be there", _APART, _NODES, _PLAN),
    "unknown": ("cannot-tell", _E, "It cannot be told how something stands", _UNTOLD, _NODES, _SHOWS),
    "unreachable": ("unreachable", _E, "The node could not be reached", _UNTOLD, _NODES, _SHOWS),
    # What must not be used, or may be wrong with what is declared.
    "policy": (
        "must-not-be-used",
        _E,
        "Something is used that must not be",
        "It is publicly known, or no longer valid.",
        _POLICY,
        "keydeploy rotate replaces keys; renew certificates with their issuer",
    ),
    "spec": (
        "spec-invalid",
        _E,
        "The spec has a mistake",
        "A spec with a mistake is rolled out to no node, and no node was contacted.",
        "docs/spec.md",
        "correct it; keydeploy validate checks the spec alone",
    ),
    "overdue": (
        "key-overdue",
        _E,
        "A key should have been replaced",
        "Its owner has set how long it may be used, and that time is over.",
        _POLICY,
        "keydeploy rotate replaces it on all nodes at one instant",
    ),
    "due": (
        "key-due",
        _W,
        "A key is to be replaced soon",
        "The time that its owner has set is nearly over.",
        _POLICY,
        "keydeploy rotate replaces it on all nodes at one instant",
    ),
    "disclosed": (
        "key-disclosed",
        _E,
        "A key is publicly known",
        "Anybody can forge tickets and view state with it, and run code on the nodes.",
        _POLICY,
        "keydeploy rotate replaces it on all nodes at one instant",
    ),
    "disclosed_accepted": (
        "key-disclosed-accepted",
        _W,
        "A publicly known key is accepted",
        "Anybody can forge tickets and view state with it; somebody has accepted that, with a reason.",
        _POLICY,
        "keydeploy rotate replaces it on all nodes at one instant",
    ),
    "acceptance_unused": (
        "acceptance-unused",
        _N,
        "A key is accepted as publicly known, and is on no list",
        "An acceptance that accepts nothing hides the next finding.",
        _POLICY,
        "remove accept_disclosed",
    ),
    "not_checked": (
        "not-checked",
        _E,
        "Keys could not be compared with a list that is named",
        "Whether they are publicly known cannot be told.",
        _POLICY,
        "see that the list can be read",
    ),
    "unwise": (
        "unwise",
        _W,
        "Something is as declared, and somebody should look at it",
        "It works today and may not tomorrow, such as a certificate that will expire.",
        _NODES,
        "the text says what to look at",
    ),
    # How a run ended on a farm.
    "refused": (
        "not-carried-out",
        _E,
        "The run stopped before it changed or could tell anything",
        "Something stood against it; the nodes are as they were.",
        "docs/rollout.md",
        "the text names what stood against it",
    ),
    "rolled_back": (
        "rolled-back",
        _E,
        "A change was taken back",
        "A node failed, was late or out of reach, so that all nodes went back to what they showed before.",
        "docs/rollout.md",
        "mend what the text names and apply once more",
    ),
    "partly": (
        "partly",
        _E,
        "A change in waves has stopped half-way",
        "Some nodes have changed and the others show what they did before.",
        "docs/rollout.md",
        "mend what the text names and apply once more",
    ),
    "incomplete": (
        "incomplete",
        _E,
        "The farm may be split, or a node holds an unfinished run",
        _APART,
        "docs/rollout.md",
        "keydeploy apply first brings unfinished runs to their end, when their lease has run out",
    ),
    "finished": (
        "finished",
        _E,
        "An unfinished run was brought to its end, and nothing else was done",
        "What was asked for has not been done yet.",
        "docs/rollout.md",
        "run it once more",
    ),
}

RULES: Mapping[str, Rule] = {
    kind: Rule(id=name, severity=severity, title=title, reason=reason, source=source, remedy=remedy)
    for kind, (name, severity, title, reason, source, remedy) in _TABLE.items()
}
"""By the kinds of cases."""
