"""What a user declares against a cause: parts of the variable `keydeploy`, each valid by the schema of the spec."""

CONTAINER = """\
key_containers:
  PortalConfiguration:
    private_key: "{{ vault_configuration_key }}"
    readers: ['IIS AppPool\\Portal']
"""

CONTAINER_OF_CALLERS = """\
key_containers:
  PortalImpersonation:
    private_key: "{{ vault_impersonation_key }}"
    readers: ['IIS AppPool\\Portal', 'EXAMPLE\\Portal Users']
"""

CERTIFICATE = """\
certificates:
  session:
    pfx: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/session.pfx.b64') }}"
    password: "{{ vault_pfx_password }}"
    readers: ['IIS AppPool\\Portal']
"""

BINDING = (
    CERTIFICATE
    + """\
bindings: [{site: Default Web Site, port: 443, certificate: session}]
"""
)

PROFILE = """\
applications:
  portal:
    site: Default Web Site
    path: /portal
    app_pool: {load_user_profile: true}
"""

MACHINE_KEY = """\
machine_keys:
  portal:
    validation: HMACSHA256
    decryption: AES
    compatibility_mode: Framework45
    validation_key: "{{ vault_portal.validation_key }}"
    decryption_key: "{{ vault_portal.decryption_key }}"
applications:
  portal: {site: Default Web Site, path: /portal, machine_key: portal}
"""

SESSION_TOKENS = MACHINE_KEY.replace(
    "machine_key: portal}", "machine_key: portal, session_tokens: {machine_key: portal}}"
)

SESSION_CERTIFICATE = (
    CERTIFICATE
    + """\
applications:
  portal: {site: Default Web Site, path: /portal, session_tokens: {certificate: session}}
"""
)

SECTIONS = (
    CONTAINER
    + """\
applications:
  portal:
    site: Default Web Site
    path: /portal
    protected_sections: {container: PortalConfiguration, sections: [connectionStrings]}
"""
)

SMART_CARDS = """\
smart_cards: {transaction_timeout: 100ms}
"""
