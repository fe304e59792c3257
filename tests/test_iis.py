"""What applicationHost.config says about an application."""

import pytest

from keydeploy import iis
from keydeploy.errors import DocumentError
from keydeploy.iis import Runtime
from keydeploy.webconfig.document import Document, parse

SITE = "Default Web Site"


def host(
    application: str = 'applicationPool="Portal"', pools: str = '<add name="Portal"/>', sites: str = ""
) -> Document:
    return parse(
        f"""<configuration><system.applicationHost>
        <applicationPools>{pools}</applicationPools>
        <sites>
          <site name="Other"><application path="/portal" applicationPool="Wrong"/></site>
          <site name="{SITE}"><application path="/"/><application path="/portal" {application}/></site>
          {sites}
        </sites></system.applicationHost></configuration>""".encode()
    )


def runtime(document: Document, path: str = "/portal") -> Runtime:
    return iis.runtime_of(document, SITE, path)


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/", ()),
        ("/a", ("/",)),
        ("/a/b", ("/", "/a")),
        ("/a/b/c", ("/", "/a", "/a/b")),
    ],
)
def test_the_paths_above_an_application(path: str, above: tuple[str, ...]) -> None:
    assert iis.ancestors(path) == above


@pytest.mark.parametrize(
    ("runtime_", "folder"),
    [
        (Runtime(), "%windir%\\Microsoft.NET\\Framework64\\v4.0.30319\\Config"),
        (Runtime("v4.0", True), "%windir%\\Microsoft.NET\\Framework\\v4.0.30319\\Config"),
        (Runtime("v2.0"), "%windir%\\Microsoft.NET\\Framework64\\v2.0.50727\\Config"),
        (Runtime("v2.0", True), "%windir%\\Microsoft.NET\\Framework\\v2.0.50727\\Config"),
    ],
)
def test_each_runtime_has_its_own_configuration(runtime_: Runtime, folder: str) -> None:
    assert runtime_.folder == folder
    assert runtime_ in iis.RUNTIMES


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ('<add name="Portal"/>', Runtime()),
        ('<add name="PORTAL" enable32BitAppOnWin64="true"/>', Runtime("v4.0", True)),
        ('<add name="Portal" managedRuntimeVersion="v2.0"/>', Runtime("v2.0")),
        ('<applicationPoolDefaults managedRuntimeVersion="v2.0"/><add name="Portal"/>', Runtime("v2.0")),
        ('<add name="Portal"/><applicationPoolDefaults enable32BitAppOnWin64="true"/>', Runtime("v4.0", True)),
        (
            '<add name="Portal" enable32BitAppOnWin64="false"/><applicationPoolDefaults enable32BitAppOnWin64="true"/>',
            Runtime(),
        ),
        ('<add name="Wrong" enable32BitAppOnWin64="true"/><add name="Portal"/>', Runtime()),
    ],
)
def test_the_pool_decides_about_the_runtime_and_its_defaults_where_it_is_silent(pools: str, expected: Runtime) -> None:
    assert runtime(host(pools=pools)) == expected


POOLS = '<add name="DefaultAppPool"/><add name="x86" enable32BitAppOnWin64="true"/>'


@pytest.mark.parametrize(
    ("application", "sites", "is_32_bit"),
    [
        ("", "", False),
        ("", '<applicationDefaults applicationPool="x86"/>', True),
        ('applicationPool="x86"', '<applicationDefaults applicationPool="DefaultAppPool"/>', True),
        ('applicationPool="DefaultAppPool"', '<applicationDefaults applicationPool="x86"/>', False),
    ],
)
def test_an_application_without_a_pool_has_that_of_the_defaults(application: str, sites: str, is_32_bit: bool) -> None:
    assert runtime(host(application, POOLS, sites)).is_32_bit == is_32_bit


def test_the_defaults_of_a_site_come_before_those_of_all_sites() -> None:
    text = f"""<configuration><system.applicationHost><applicationPools>{POOLS}</applicationPools><sites>
      <site name="{SITE}"><application path="/portal"/><applicationDefaults applicationPool="x86"/></site>
      <applicationDefaults applicationPool="DefaultAppPool"/></sites></system.applicationHost></configuration>"""
    assert runtime(parse(text.encode())).is_32_bit


@pytest.mark.parametrize(
    "pools",
    [
        '<add name="Portal" managedRuntimeVersion=""/>',
        '<add name="Portal"/><applicationPoolDefaults managedRuntimeVersion=""/>',
        '<add name="Portal" managedRuntimeVersion="v1.1"/>',
    ],
)
def test_a_pool_that_loads_no_known_framework_is_refused(pools: str) -> None:
    with pytest.raises(DocumentError, match=r"no \.NET Framework") as caught:
        runtime(host(pools=pools))
    assert caught.value.hint


def test_a_missing_site_and_a_missing_application_are_told_apart() -> None:
    with pytest.raises(DocumentError, match="no site of this name"):
        iis.runtime_of(host(), "Missing", "/portal")
    with pytest.raises(DocumentError, match="the site but not the application"):
        runtime(host(), "/missing")


@pytest.mark.parametrize("enabled", ["true", "True"])
def test_shared_configuration_is_refused(enabled: str) -> None:
    document = parse(f'<configuration><configurationRedirection enabled="{enabled}"/></configuration>'.encode())
    with pytest.raises(DocumentError, match="shared configuration"):
        iis.refuse_shared_configuration(document)


@pytest.mark.parametrize("element", ['<configurationRedirection enabled="false"/>', "<configurationRedirection/>", ""])
def test_a_redirection_that_is_off_is_none(element: str) -> None:
    iis.refuse_shared_configuration(parse(f"<configuration>{element}</configuration>".encode()))
