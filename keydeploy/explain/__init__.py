"""Explains errors of the field: what they mean, their causes told apart, and the commands that settle which it is.

Nothing that was pasted is ever shown again, for it may hold a secret.
"""

from keydeploy.explain.codes import BY_NAME, Code
from keydeploy.explain.entries import BY_ID, ENTRIES
from keydeploy.explain.lookup import Unknown, look_up, nearest_to
from keydeploy.explain.model import Cause, Check, Entry, Remedy, Where
from keydeploy.explain.reading import Log, Pasted, read, read_text
from keydeploy.explain.recognition import Recognition, recognise
from keydeploy.explain.summary import Group, Summary, summarise

__all__ = [
    "BY_ID",
    "BY_NAME",
    "ENTRIES",
    "Cause",
    "Check",
    "Code",
    "Entry",
    "Group",
    "Log",
    "Pasted",
    "Recognition",
    "Remedy",
    "Summary",
    "Unknown",
    "Where",
    "look_up",
    "nearest_to",
    "read",
    "read_text",
    "recognise",
    "summarise",
]
