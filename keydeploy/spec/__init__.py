"""What a farm's nodes must agree on: from the variable `keydeploy` to a frozen `Spec`.

declaration (as Ansible resolved it) → shape (schema) → rules (what the schema cannot say) → model.
"""

from keydeploy.spec.declaration import UNRESOLVED, Declaration
from keydeploy.spec.farm import check
from keydeploy.spec.load import load
from keydeploy.spec.model import Application, Backups, Health, Hook, Rollout, SmartCards, Spec, Waves

__all__ = [
    "UNRESOLVED",
    "Application",
    "Backups",
    "Declaration",
    "Health",
    "Hook",
    "Rollout",
    "SmartCards",
    "Spec",
    "Waves",
    "check",
    "load",
]
