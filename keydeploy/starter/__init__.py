"""What `keydeploy init` makes of nothing: a farm's inventory, its vault, and a guard before each commit."""

from keydeploy.starter.farm import NewFarm
from keydeploy.starter.files import connection, files, vault_text

__all__ = ["NewFarm", "connection", "files", "vault_text"]
