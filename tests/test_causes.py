"""What the texts of pywinrm, requests, OpenSSL, Kerberos and PowerShell are taken for; none of them is shown."""

import pytest

from plugins.plugin_utils.causes import explain

TEXTS = {
    # OpenSSL, by way of requests
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for "
    "'web1'. (_ssl.c:1006)": "for another name than web1",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired": "has expired",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid": "not valid yet",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate": "nobody whom the controller",
    "SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)'))": "port 5986 of the node",
    "SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred'))": "TLS with the node failed",
    # MIT Kerberos
    "authGSSClientStep() failed: (('Unspecified GSS failure', 851968), ('Clock skew too great', -1))": "clocks",
    "(('Unspecified GSS failure', 851968), ('Server not found in Kerberos database', -1765328377))": "no service",
    'kinit: Cannot find KDC for realm "EXAMPLE.COM" while getting initial credentials': "no Kerberos server",
    "kinit: Cannot contact any KDC for realm 'EXAMPLE.COM' while getting initial credentials": "no Kerberos server",
    "kinit: Preauthentication failed while getting initial credentials": "the user name or the password",
    "kinit: Client 'x@EXAMPLE.COM' not found in Kerberos database": "the user name or the password",
    "No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)": "no valid Kerberos ticket",
    "auth method ntlm requires a password": "no user name or no password",
    "invalid server_cert_validation mode: false": "neither validate nor ignore",
    "Could not find a suitable TLS CA certificate bundle, invalid path: /x": "certificate file",
    "requested auth method is kerberos, but pykerberos is not installed": "not installed on the controller",
    "The installed version of WinRM does not support transport(s) ['credssp']": "not installed on the controller",
    "Kerberos auth failure when calling kinit cmd 'kinit': No such file or directory": "not installed",
    "Kerberos error: something new": "Kerberos failed",
    # pywinrm and requests
    "ntlm: the specified credentials were rejected by the server": "refuses the user name",
    "ntlm: Bad HTTP response returned from server. Code 413": "larger than it takes",
    "ntlm: Bad HTTP response returned from server. Code 500": "HTTP 5xx",
    "[Errno 111] Connection refused": "nobody listens on web1:5986",
    "HTTPConnectionPool(host='web1', port=5985): Read timed out. (read timeout=30)": "did not answer in time",
    "('Connection aborted.', RemoteDisconnected('Remote end closed connection'))": "closed the connection",
    "[Errno -2] Name or service not known": "web1 cannot be resolved",
    "The WS-Management service cannot process the request. The maximum number of concurrent shells": "too many WinRM",
    "kerberos: the specified credentials were rejected by the server": "refuses the user name",
    "kerberos: Bad HTTP response returned from server. Code 413": "larger than it takes",
    "kerberos: HTTPSConnectionPool(host='web1', port=5986): Read timed out.": "did not answer in time",
    "kerberos: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))": "closed the connection",
    "Access is denied.  (extended fault data: {'transport_message': 'Bad HTTP response returned from server. Code 500',"
    " 'http_status_code': 500, 'wsmanfault_code': '5'})": "denies access",
    "This user is allowed a maximum number of 5 concurrent shells, which has been exceeded. Code 500": "too many WinRM",
    # PowerShell
    "Cannot invoke method. Method invocation is supported only on core types in this language mode.": "constrained",
    "Provided script for 'win_node.ps1' is marked as unsupported in CLM mode.": "constrained language mode",
    "This script contains malicious content and has been blocked by your antivirus software.": "antivirus",
    'This module cannot run as it requires a minimum PowerShell version of 5.1, actual was "4.0"': "too old",
    "error CS0246: The type or namespace name could not be found": "could not compile",
    # and what nobody has seen yet
    "Marked-Secret": "the connection failed",
}


@pytest.mark.parametrize("host", ["GSSWEB1", "realm-web1", "kerberos-web", "clm-timeout"])
def test_the_name_of_a_host_is_not_taken_for_a_cause(host: str) -> None:
    cause, _ = explain(f"kerberos: HTTPSConnectionPool(host='{host}', port=5986): something new", host, 5986)

    assert cause == "the connection failed"


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_explained_in_words_of_our_own(text: str) -> None:
    cause, hint = explain(text, "web1", 5986)

    assert TEXTS[text] in cause
    assert hint
    assert text not in cause + hint
