"""The node contract and the embedded node that keeps it."""
