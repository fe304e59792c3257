"""Where the lists of publicly disclosed keys come from: files that the user names, the web, or a usual place."""

from keydeploy.disclosed.finding import NO_LIST, VARIABLE, DisclosedList, absolute, check_typed, find, together

__all__ = ["NO_LIST", "VARIABLE", "DisclosedList", "absolute", "check_typed", "find", "together"]
