"""Replaces keys where a user keeps them: which, by what, and the edits of the files; pure but for `files`.

The rule: what is not replaced stays as it is, byte for byte, and no key reaches a file in clear.
"""
