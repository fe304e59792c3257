"""A farm with ten keys: four machine keys, three containers, and three certificates with bindings and pools."""

import hashlib
from typing import Any

from keydeploy.node import layout
from tests.engine import beside
from tests.engine.declaring import container, issued, with_chain
from tests.engine.farm import OTHER_KEYS, Stand
from tests.node.contract.material import thumbprint
from tests.node.contract.under_test import NodeUnderTest

APPLICATIONS = ("portal", "shop", "intranet", "reports")
CERTIFICATES = ("tls", "session", "tokens")
_BINDINGS = ("*:443:shop.contoso.com", "*:443:www.contoso.com")


class StandOfTenKeys(Stand):
    """A stand whose nodes have four applications and three HTTPS bindings."""

    def create(self, host: str) -> None:
        """Make a node for *host*."""
        layout.create(self.node(host), {f"/{name}": OTHER_KEYS for name in APPLICATIONS})
        file = self.node(host) / "C/Windows/System32/inetsrv/config/applicationHost.config"
        added = (f'<binding protocol="https" bindingInformation="{each}" sslFlags="1" />' for each in _BINDINGS)
        text = file.read_text("utf-8").replace("</bindings>", f"{''.join(added)}</bindings>")
        file.write_text(text, "utf-8")
        self.behave(host)


def machine_key(name: str) -> dict[str, str]:
    """Declare a machine key that no other application has."""
    return {
        "validation_key": hashlib.sha512(f"validation of {name}".encode()).hexdigest().upper(),
        "decryption_key": hashlib.sha256(f"decryption of {name}".encode()).hexdigest().upper(),
    }


def declared() -> dict[str, Any]:
    """Answer what the farm declares."""
    applications = {
        name: {
            "site": "Default Web Site",
            "path": f"/{name}",
            "machine_key": name,
            "app_pool": {"load_user_profile": True, "set_profile_environment": True},
        }
        for name in APPLICATIONS
    }
    applications["intranet"]["session_tokens"] = {"certificate": "session"}
    containers = {
        "PortalConfiguration": container("portal"),
        "ShopConfiguration": container("previous", readers=["IIS AppPool\\Shop"]),
        "ReportsConfiguration": container("others", readers=["IIS AppPool\\Reports"], exportable=True),
    }
    return {
        "machine_keys": {name: machine_key(name) for name in APPLICATIONS},
        "applications": applications,
        "key_containers": containers,
        "certificates": {
            name: with_chain(issued(name, which), which, readers=[f"IIS AppPool\\{pool}"])
            for name, which, pool in zip(
                CERTIFICATES, ("portal", "previous", "others"), ("Portal", "Intranet", "Shop"), strict=True
            )
        },
        "bindings": [
            {"site": "Default Web Site", "certificate": "tls"},
            {"site": "Default Web Site", "host": "shop.contoso.com", "sni": True, "certificate": "session"},
            {"site": "Default Web Site", "host": "www.contoso.com", "sni": True, "certificate": "tokens"},
        ],
    }


def is_as_declared(node: NodeUnderTest) -> bool:
    """Tell whether *node* holds all of it."""
    texts = {name: node.read(f"C:\\inetpub\\{name}\\web.config") or b"" for name in APPLICATIONS}
    leaves = [issued(name, which) for name, which in zip(CERTIFICATES, ("portal", "previous", "others"), strict=True)]
    hosts = ("", "shop.contoso.com", "www.contoso.com")
    held = (beside.held(node, name) for name in ("PortalConfiguration", "ShopConfiguration", "ReportsConfiguration"))
    stored = [beside.stored(node, leaf) for leaf in leaves]
    return (
        all(secret.encode() in texts[name] for name in APPLICATIONS for secret in machine_key(name).values())
        and [each.key if each else None for each in held] == ["portal", "previous", "others"]
        and all(each is not None and each.usable for each in stored)
        and [beside.bound(node, host) for host in hosts] == [thumbprint(leaf) for leaf in leaves]
        and all(beside.settings(node, name.capitalize()).set_profile_environment for name in APPLICATIONS)
    )
