"""What a farm's nodes must agree on: from the variable `keydeploy` to a frozen `Spec`.

declaration (as Ansible resolved it) → shape (schema) → rules (what the schema cannot say) → model.
"""

from keydeploy.spec.age import Material, materials_of
from keydeploy.spec.declaration import UNRESOLVED, Declaration
from keydeploy.spec.farm import check
from keydeploy.spec.load import load
from keydeploy.spec.model import (
    Acceptance,
    Application,
    AppPool,
    Backups,
    Binding,
    Health,
    Hook,
    InstalledCertificate,
    KeyContainer,
    Lifetime,
    Machine,
    ProtectedSections,
    Rollout,
    SmartCards,
    Spec,
    Waves,
)
from keydeploy.spec.policy import Kind, Notice, Policy
from keydeploy.spec.seals import Seals, load_sealed, sealed

__all__ = [
    "UNRESOLVED",
    "Acceptance",
    "AppPool",
    "Application",
    "Backups",
    "Binding",
    "Declaration",
    "Health",
    "Hook",
    "InstalledCertificate",
    "KeyContainer",
    "Kind",
    "Lifetime",
    "Machine",
    "Material",
    "Notice",
    "Policy",
    "ProtectedSections",
    "Rollout",
    "Seals",
    "SmartCards",
    "Spec",
    "Waves",
    "check",
    "load",
    "load_sealed",
    "materials_of",
    "sealed",
]
