"""What `keydeploy init` makes of nothing: a farm's inventory, its vault, and a guard before each commit."""

from keydeploy.starter.farm import NewFarm
from keydeploy.starter.files import NewFile, connection, files, vault_text
from keydeploy.starter.writing import refuse_existing, write

__all__ = ["NewFarm", "NewFile", "connection", "files", "refuse_existing", "vault_text", "write"]
