"""A folder that plays a Windows node: the embedded one, for the demo, rehearsals and tests."""

from keydeploy.node.sandbox.node import Sandbox

__all__ = ["Sandbox"]
