# ruff: noqa: E501 - the templates keep the lines of the real files
"""Lays out a folder like a Windows Server with IIS, for `keydeploy sandbox create`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from keydeploy.errors import KeydeployError
from keydeploy.node.sandbox.containers import machine_guid
from keydeploy.node.sandbox.json_file import write_json

_FRAMEWORKS = ("Framework", "Framework64")

_MACHINE_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <configSections>
    <section name="appSettings" type="System.Configuration.AppSettingsSection, System.Configuration, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" restartOnExternalChanges="false" requirePermission="false"/>
    <section name="connectionStrings" type="System.Configuration.ConnectionStringsSection, System.Configuration, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" requirePermission="false"/>
    <sectionGroup name="system.web" type="System.Web.Configuration.SystemWebSectionGroup, System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a">
      <section name="machineKey" type="System.Web.Configuration.MachineKeySection, System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" allowDefinition="MachineToApplication"/>
    </sectionGroup>
  </configSections>
  <system.web>
    <processModel autoConfig="true"/>
  </system.web>
</configuration>
"""

_ROOT_WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <location allowOverride="true">
    <system.web>
      <trust level="Full" originUrl=""/>
    </system.web>
  </location>
  <system.web>
    <compilation defaultLanguage="vb"/>
  </system.web>
</configuration>
"""

_APPLICATION_WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.web>
    <compilation debug="false" targetFramework="4.8" />
    <httpRuntime targetFramework="4.8" />
  </system.web>
</configuration>
"""

_APPLICATION_HOST = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <system.applicationHost>
    <applicationPools>
{pools}
      <applicationPoolDefaults managedRuntimeVersion="v4.0">
        <processModel identityType="ApplicationPoolIdentity" loadUserProfile="true" setProfileEnvironment="false" />
      </applicationPoolDefaults>
    </applicationPools>
    <sites>
      <site name="Default Web Site" id="1">
{applications}
        <bindings>
          <binding protocol="http" bindingInformation="*:80:" />
          <binding protocol="https" bindingInformation="*:443:" sslFlags="0" />
        </bindings>
      </site>
    </sites>
  </system.applicationHost>
</configuration>
"""

_SMART_CARD_CSP = (
    "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\Defaults\\Provider\\Microsoft Base Smart Card Crypto Provider"
)
_SMART_CARD_KSP = (
    "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Providers\\Microsoft Smart Card Key Storage Provider"
)

_POOL = "      <add name={name} />"
_APPLICATION = """        <application path={path} applicationPool={pool}>
          <virtualDirectory path="/" physicalPath={folder} />
        </application>"""


def create(root: Path, applications: Mapping[str, bytes | None]) -> None:
    """Lay out a node in *root*: IIS with Default Web Site and *applications*.

    *applications* maps a path such as `/portal` to the bytes of its web.config, None for a plain one.
    Raises `KeydeployError` when *root* holds something already or a path is none.
    """
    for path in applications:
        if not re.fullmatch(r"/|(/(?!\.+(/|$))[^/\\?*:<>|\"]+)+", path):
            raise KeydeployError("an application path begins with / and does not end with it", hint="such as /portal")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise KeydeployError(f"{root} exists and is not empty", hint="name a new folder")
    drive = root / "C"
    for framework in _FRAMEWORKS:
        config = drive / "Windows/Microsoft.NET" / framework / "v4.0.30319/Config"
        _write(config / "machine.config", _crlf(_MACHINE_CONFIG))
        _write(config / "web.config", _crlf(_ROOT_WEB_CONFIG))
    _write(drive / "Windows/System32/inetsrv/config/applicationHost.config", _crlf(_application_host(applications)))
    (drive / "inetpub/wwwroot").mkdir(parents=True)
    (drive / "ProgramData").mkdir()
    for path, content in applications.items():
        web_config = _crlf(_APPLICATION_WEB_CONFIG) if content is None else content
        _write(drive / "inetpub" / _folder(path) / "web.config", web_config)
    write_json(root / "registry.json", _registry(root))


def _application_host(applications: Mapping[str, bytes | None]) -> str:
    # Every site has a root application, whether or not the caller names it.
    by_path = {"/": "DefaultAppPool"} | {path: _pool(path) for path in applications if path != "/"}
    return _APPLICATION_HOST.format(
        pools="\n".join(_POOL.format(name=quoteattr(pool)) for pool in dict.fromkeys(by_path.values())),
        applications="\n".join(
            _APPLICATION.format(
                path=quoteattr(path),
                pool=quoteattr(pool),
                folder=quoteattr("%SystemDrive%\\inetpub\\" + _folder(path).replace("/", "\\")),
            )
            for path, pool in by_path.items()
        ),
    )


def _registry(root: Path) -> dict[str, Any]:
    machine = {"MachineGuid": {"kind": "string", "data": machine_guid(root)}}
    csp = {_SMART_CARD_CSP: {"Type": {"kind": "dword", "data": 1}}}
    return {"64": {"HKLM\\SOFTWARE\\Microsoft\\Cryptography": machine, **csp, _SMART_CARD_KSP: {}}, "32": csp}


def _pool(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name[:1].upper() + name[1:]


def _folder(path: str) -> str:
    return path.strip("/") or "wwwroot"


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
