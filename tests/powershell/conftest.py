"""These tests run where `KEYDEPLOY_POWERSHELL` names a pwsh.exe, which `make powershell` fetches."""

import os

collect_ignore = [] if os.environ.get("KEYDEPLOY_POWERSHELL") else ["test_win_node.py"]
