"""Errors of the field, as they are met: codes, messages, traces, exported logs."""
