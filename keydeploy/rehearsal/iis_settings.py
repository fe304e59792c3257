"""IIS of a node in the likeness of another: its app pools and HTTPS bindings.

A sandbox reads them in applicationHost.config. Where the spec did not ask for that file, it is made up; where the node
has told more than stands in it, such as what its schema takes for granted, that is added.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

from keydeploy.errors import NodeError
from keydeploy.iis import APPLICATION_HOST
from keydeploy.node import paths
from keydeploy.node.contract import (
    AppPoolList,
    AppPoolSettings,
    AppPoolState,
    BindingList,
    BindingState,
    FileState,
    ListAppPools,
    ListBindings,
    ReadFile,
)
from keydeploy.node.sandbox.app_pools import AppPools
from keydeploy.node.sandbox.application_host import ApplicationHost
from keydeploy.node.sandbox.bindings import Binding
from keydeploy.node.sandbox.files import Files, write_file
from keydeploy.node.sandbox.json_file import write_json
from keydeploy.rehearsal.answers import Answers
from keydeploy.rehearsal.stand_in import StandIns

_FORM = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <system.applicationHost>
    <applicationPools>
{pools}
    </applicationPools>
    <sites>
{sites}
    </sites>
  </system.applicationHost>
</configuration>
"""
_SETTINGS = {"load_user_profile": "loadUserProfile", "set_profile_environment": "setProfileEnvironment"}


def write_iis(answers: Answers, made: StandIns, root: Path) -> None:
    """Write app pools and bindings of the node in the folder *root*, whose files are there."""
    listed = answers.to(ListAppPools(), AppPoolList)
    bound = answers.to(ListBindings(), BindingList)
    pools = listed.app_pools if listed else ()
    bindings = bound.bindings if bound else ()
    if (listed or bound) and answers.to(ReadFile(APPLICATION_HOST), FileState) is None:
        write_file(paths.locate(root, APPLICATION_HOST), _made_up(pools, bindings).encode())
    if pools:
        _adjust(root, pools)
    certificates = dict(_certificates(bindings, made))
    if certificates:
        write_json(root / "http_sys.json", certificates)


def _adjust(root: Path, pools: tuple[AppPoolState, ...]) -> None:
    here = AppPools(root, ApplicationHost(Files(root)))
    try:
        present = {pool.name: pool.settings for pool in here.list_all().app_pools}
    except NodeError:  # it is not well-formed, and refused as that of the node
        return
    for pool in pools:
        if pool.name in present and present[pool.name] != pool.settings:
            here.put(pool.name, pool.settings)
    stopped = {pool.name: {"state": pool.state, "recycled": 0} for pool in pools if pool.state == "stopped"}
    if stopped:
        write_json(root / "app_pools.json", stopped)


def _certificates(bindings: tuple[BindingState, ...], made: StandIns) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the records of http.sys for *bindings*."""
    for state in bindings:
        if state.certificate is not None:
            binding = Binding(
                site=state.site, address=state.address, port=state.port, host=state.host, flags=state.flags
            )
            thumbprint = made.hexadecimal(state.certificate.thumbprint)
            yield binding.record, {"thumbprint": thumbprint, "store": state.certificate.store}


def _made_up(pools: tuple[AppPoolState, ...], bindings: tuple[BindingState, ...]) -> str:
    sites = dict.fromkeys(binding.site for binding in bindings)
    return _FORM.format(
        pools="\n".join(map(_pool, pools)),
        sites="\n".join(_site(site, [each for each in bindings if each.site == site]) for site in sites),
    )


def _pool(pool: AppPoolState) -> str:
    attributes = {"identityType": pool.identity, "userName": pool.user, **_written(pool.settings)}
    model = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items() if value is not None)
    return f"      <add name={quoteattr(pool.name)}>\n        <processModel {model} />\n      </add>"


def _written(settings: AppPoolSettings) -> dict[str, str | None]:
    words = {True: "true", False: "false", None: None}
    return {name: words[getattr(settings, field)] for field, name in _SETTINGS.items()}


def _site(name: str, bindings: list[BindingState]) -> str:
    lines = (
        f'          <binding protocol="https"'
        f" bindingInformation={quoteattr(f'{each.address}:{each.port}:{each.host}')}"
        f' sslFlags="{each.flags}" />'
        for each in bindings
    )
    return "\n".join(
        (f"      <site name={quoteattr(name)}>", "        <bindings>", *lines, "        </bindings>", "      </site>")
    )
