"""What a farm's nodes must agree on: from the variable `keydeploy` to a frozen `Spec`.

declaration (as Ansible resolved it) → shape (schema) → rules (what the schema cannot say) → model.
"""

from keydeploy.spec.declaration import UNRESOLVED, Declaration
from keydeploy.spec.farm import check
from keydeploy.spec.load import load
from keydeploy.spec.model import (
    Application,
    AppPool,
    Backups,
    Binding,
    Health,
    Hook,
    InstalledCertificate,
    KeyContainer,
    Machine,
    ProtectedSections,
    Rollout,
    SmartCards,
    Spec,
    Waves,
)

__all__ = [
    "UNRESOLVED",
    "AppPool",
    "Application",
    "Backups",
    "Binding",
    "Declaration",
    "Health",
    "Hook",
    "InstalledCertificate",
    "KeyContainer",
    "Machine",
    "ProtectedSections",
    "Rollout",
    "SmartCards",
    "Spec",
    "Waves",
    "check",
    "load",
]
