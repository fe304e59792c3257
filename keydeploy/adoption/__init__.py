"""From a farm that people have set up by hand to a spec that says the same.

questions → a node's answers → facts and sealed keys (in its worker) → what the nodes agree on → an inventory file
with comments, and a vault. Nothing here writes to a node.
"""
