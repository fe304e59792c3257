"""IIS for the suite: an applicationHost.config."""

from tests.node.contract.under_test import NodeUnderTest

APPLICATION_HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"

DEFAULTS = '<processModel identityType="NetworkService" loadUserProfile="true" />'

_TEXT = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <!-- kept -->
  <system.applicationHost>
    <applicationPools>
      <add name="Plain" />
      <add name="Own">
        <processModel identityType="SpecificUser" userName="DOMAIN\\service" password="{mark}"
          loadUserProfile="false" setProfileEnvironment="true" />
      </add>
      <applicationPoolDefaults managedRuntimeVersion="v4.0">
        {defaults}
      </applicationPoolDefaults>
    </applicationPools>
    <sites>
      <site name="Default Web Site" id="1">
        <bindings>
          <binding protocol="http" bindingInformation="*:80:" />
          <binding protocol="https" bindingInformation="*:443:" />
          <binding protocol="https" bindingInformation="*:443:sni.example.com" sslFlags="33" />
        </bindings>
      </site>
      <site name="Other" id="2">
        <bindings>
          <binding protocol="https" bindingInformation="10.0.0.1:8443:other.example.com" sslFlags="0" />
          <binding protocol="https" bindingInformation="*:443:central.example.com" sslFlags="3" />
          <binding protocol="net.tcp" bindingInformation="808:*" />
        </bindings>
      </site>
    </sites>
  </system.applicationHost>
</configuration>
"""

MARK = "MARKED-3b9e"


def install(node: NodeUnderTest, defaults: str = DEFAULTS) -> None:
    """Let IIS be on the node, with the *defaults* of its app pools."""
    text = _TEXT.format(defaults=defaults, mark=MARK)
    node.write(APPLICATION_HOST, text.replace("\n", "\r\n").encode())
