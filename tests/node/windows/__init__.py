"""Runs the C# of the Windows node for real, without Windows: under Wine with the Windows build of .NET, and on Mono.

Under Wine nothing of it is replaced. On Mono, which has no Win32, the thin layers in `mono/` stand in for
those of the same name; what is left is the node's logic, and fast.
"""
