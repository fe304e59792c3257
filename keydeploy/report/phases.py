"""What the steps of the path are called in front of people."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "validate": "checking the spec",
    "observe": "observing",
    "imitate": "copying",
    "plan": "planning",
    "renew": "making keys",
    "pause": "waiting for the next wave",
    "drain": "draining or letting in",
    "stage": "staging",
    "gate": "deciding",
    "commit": "committing",
    "verdict": "judging",
    "conclude": "concluding",
    "end": "ending the wave",
    "look": "looking",
    "examine": "examining",
    "inspect": "inspecting",
    "survey": "looking at the inventory",
    "adopt": "reading",
    "compare": "comparing",
    "show": "concluding",
    "drift": "concluding",
    "accept": "concluding",
    "lint": "concluding",
}
"""By the name of the action."""

PER_NODE = frozenset(
    {"adopt", "observe", "imitate", "drain", "stage", "commit", "conclude", "end", "examine", "inspect", "look"}
)
"""The steps in which nodes are asked, all of them side by side; the others are one piece of work on the controller."""
