"""What a failed connection means, in our own words: neither Ansible's text nor the node's is handed on.

Each row is recognised by a text that pywinrm, requests, Kerberos or PowerShell write, and tells the cause and
the setting that mends it.
"""

from __future__ import annotations

import re

_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"module support code|couldn't resolve module",
        "the collection keydeploy.core is incomplete on the controller",
        "install keydeploy again: pip install --force-reinstall keydeploy",
    ),
    # what the inventory says
    (
        r"requires a password|requires a username",
        "the connection has no user name or no password",
        "set ansible_user and ansible_password; only kerberos can do without, with a ticket of kinit",
    ),
    (
        r"invalid server_cert_validation",
        "ansible_winrm_server_cert_validation is neither validate nor ignore",
        "leave it out; then the certificate is checked",
    ),
    (
        r"cert_pem|cert_key_pem|suitable TLS CA certificate bundle",
        "a certificate file that the connection names is not there",
        "check ansible_winrm_cert_pem, ansible_winrm_cert_key_pem and ansible_winrm_ca_trust_path",
    ),
    # TLS
    (
        r"Hostname mismatch|IP address mismatch|doesn't match|is not valid for",
        "the node's TLS certificate is for another name than {host}",
        "connect by the name in the certificate (ansible_host), or give the node a certificate for this one",
    ),
    (
        r"certificate has expired",
        "the node's TLS certificate has expired",
        "renew the certificate of the node's HTTPS listener: winrm enumerate winrm/config/listener shows it",
    ),
    (
        r"certificate is not yet valid",
        "the node's TLS certificate is not valid yet, or the controller's clock is behind",
        "check the time of the controller and the dates of the certificate",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "nobody whom the controller trusts has signed the node's TLS certificate",
        "name the certificate authority: ansible_winrm_ca_trust_path (psrp: ansible_psrp_ca_cert)",
    ),
    (
        r"WRONG_VERSION_NUMBER|wrong version number|UNKNOWN_PROTOCOL|record layer failure",
        "port {port} of the node does not speak TLS",
        "the HTTPS listener is on 5986; check ansible_port and ansible_winrm_scheme",
    ),
    (r"SSLError|SSL:", "TLS with the node failed", "openssl s_client -connect {host}:{port} shows where"),
    # Kerberos
    (
        r"[Cc]lock skew too great|KRB_AP_ERR_SKEW",
        "Kerberos refuses: the clocks of the controller and the domain differ by more than five minutes",
        "let the controller take its time from the domain (NTP)",
    ),
    (
        r"Server not found in Kerberos database|KRB_AP_ERR_MODIFIED|S_PRINCIPAL_UNKNOWN",
        "Kerberos knows no service of the name {host}",
        "use the node's full domain name as ansible_host, and rdns = false in krb5.conf",
    ),
    (
        r"[Cc]annot (contact any|find|locate) KDC|KDC for realm",
        "no Kerberos server of the realm can be found",
        "check the realm in krb5.conf and that its domain controllers are reachable",
    ),
    (
        r"[Pp]reauthentication failed|[Pp]assword incorrect|not found in Kerberos database",
        "Kerberos refuses the user name or the password",
        "check ansible_user (USER@REALM, the realm in capitals) and ansible_password",
    ),
    (
        r"[Nn]o Kerberos credentials|[Cc]redentials? cache|[Tt]icket expired",
        "there is no valid Kerberos ticket",
        "run kinit, or set ansible_password and ansible_winrm_kinit_mode=managed",
    ),
    (
        r"kerberos library is not installed|pykerberos|\['kerberos'\]|calling kinit cmd",
        "Kerberos is not installed on the controller",
        "pip install 'keydeploy[kerberos]' and the Debian packages krb5-user, libkrb5-dev and gcc; or use ntlm",
    ),
    (
        r"(ntlm|credssp) is not installed|does not support transport|pypsrp or dependencies",
        "this way to log on is unknown, or its library is not installed on the controller",
        "pip install 'pywinrm[credssp]' for CredSSP, pypsrp for psrp; or choose another ansible_winrm_transport",
    ),
    # WSMan, whose faults come with HTTP 500
    (
        r"[Aa]ccess is denied|0x80070005|2147942405",
        "the node denies access",
        "the user must be an administrator of the node; see docs/windows-nodes.md",
    ),
    (
        r"MaxShellsPerUser|maximum number of (\d+ )?concurrent shells|2150859174",
        "the user has too many WinRM shells open on the node",
        "wait until they end, or Restart-Service WinRM on the node",
    ),
    # HTTP
    (
        r"did not respond with NTLM challenge",
        "the node does not offer NTLM",
        "choose another ansible_winrm_transport; on the node: winrm get winrm/config/service/auth",
    ),
    (
        r"credentials were rejected|Code 401|401 Unauthorized|Failed to authenticate|status code 401",
        "the node refuses the user name or the password",
        "check ansible_user, ansible_password and ansible_winrm_transport (local accounts: ntlm, domain: kerberos)",
    ),
    (
        r"Code 403|status code 403",
        "the node refuses this user",
        "the user must be an administrator of the node; see docs/windows-nodes.md",
    ),
    (r"Code 404|status code 404", "there is no WinRM at this address", "check ansible_winrm_path and ansible_port"),
    (
        r"Code 4(00|13)|status code 4(00|13)",  # sealed messages that are too large end as 400
        "the node refuses the request, as it does when one is larger than it takes",
        "on the node: Set-Item WSMan:\\localhost\\MaxEnvelopeSizekb 500, then Restart-Service WinRM",
    ),
    (
        r"Code 5\d\d|status code 5\d\d|encryption required|AllowUnencrypted",
        "the node's WinRM answered with an error (HTTP 5xx)",
        "an HTTP listener takes encrypted messages only: let ansible_winrm_message_encryption be auto or always",
    ),
    # Network
    (
        r"Connection refused",
        "nobody listens on {host}:{port}",
        "check ansible_host, ansible_port and the node's WinRM service",
    ),
    (
        r"timed out|[Tt]imeout",
        "the node did not answer in time",
        "check the node's load; keydeploy_call_timeout and ansible_winrm_connection_timeout set the limits",
    ),
    (
        r"Connection aborted|RemoteDisconnected|[Cc]onnection reset|Broken pipe|closed connection|IncompleteRead",
        "the node closed the connection before it answered",
        "look into the node's event log Microsoft-Windows-WinRM/Operational, and at proxies in between",
    ),
    (
        r"Name or service not known|[Nn]ame resolution|No address associated|getaddrinfo",
        "the name {host} cannot be resolved",
        "check the name, or set ansible_host to an address",
    ),
    # PowerShell
    (
        r"ConstrainedLanguage|[Ll]anguage ?[Mm]ode|CLM mode|not trusted to run",
        "PowerShell on the node runs in constrained language mode, in which no C# is compiled",
        "exempt the account that Ansible uses from the AppLocker or App Control policy; keydeploy needs full language",
    ),
    (
        r"minimum PowerShell version|requires? PowerShell",
        "the node's PowerShell is too old",
        "install Windows Management Framework 5.1",
    ),
    (
        r"ScriptContainedMaliciousContent|malicious content|blocked by your antivirus",
        "the node's antivirus stops the script",
        "allow Ansible's scripts for this account; docs/windows-nodes.md says what runs and where",
    ),
    (
        r"[Cc]ompil|AddType|error CS\d{4}",
        "the node's PowerShell could not compile keydeploy's code",
        "the node needs .NET Framework 4.5 or newer and a writable %TEMP%; antivirus may hold csc.exe back",
    ),
    # what is left of Kerberos
    (
        r"[Kk]erberos (auth|error)|authGSS|GSS failure",
        "Kerberos failed",
        "KRB5_TRACE=/dev/stderr kinit USER@REALM shows where; docs/windows-nodes.md lists the usual reasons",
    ),
)

UNKNOWN = "the connection failed"


def explain(text: str, host: str, port: int | None) -> tuple[str, str]:
    """Answer the cause and the next step for an error *text*, of which nothing is shown."""
    told = text.replace(host, "") if host else text  # a name may look like anything
    for pattern, cause, hint in _CAUSES:
        if re.search(pattern, told):
            return cause.format(host=host, port=port), hint.format(host=host, port=port)
    return UNKNOWN, "ansible HOST -i INVENTORY -m ansible.builtin.raw -a hostname shows what Ansible says of it"
