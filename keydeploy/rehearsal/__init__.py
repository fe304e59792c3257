"""Copies of nodes for a rehearsal: what the plan concerns, with every secret replaced by a made-up one of equal shape.

spec and answers of a node → stand-ins → a folder that plays the node, and what its host declares for it.
"""

from keydeploy.rehearsal.copyist import Copied, Copyist
from keydeploy.rehearsal.faults import HostFault
from keydeploy.rehearsal.folder import Folder
from keydeploy.rehearsal.inventory import write_inventory

__all__ = ["Copied", "Copyist", "Folder", "HostFault", "write_inventory"]
