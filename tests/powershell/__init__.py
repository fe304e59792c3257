"""`win_node.ps1` under a real PowerShell engine; `make powershell` fetches one and runs these tests.

The engine is PowerShell 7 for Windows, under Wine. It is not part of `make test`: it is large, and comes from
a package that somebody else than Microsoft has published (its hash is pinned).
"""
