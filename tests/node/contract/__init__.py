"""The contract suite: the same cases for every implementation of a node.

An implementation plugs in by a class like `under_test.SandboxNode` and a line in `under_test.IMPLEMENTATIONS`.
"""
