"""Answer what a rotation would write, and where, once and without a contact; nothing is written here.

New keys come into being in this process and leave it encrypted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..plugin_utils.step import Step

ORDER = "keydeploy_rotation"
"""The variable that holds the order of the command line: names, the day, the file of a certificate."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.rotation.parts import Order  # noqa: PLC0415
        from keydeploy.rotation.proposal import describe, propose  # noqa: PLC0415
        from keydeploy.spec import check  # noqa: PLC0415

        from ..plugin_utils.declarations import declare  # noqa: PLC0415
        from ..plugin_utils.vaults import AnsibleVault  # noqa: PLC0415

        hostvars, asked = task_vars["hostvars"], self._templar.template(task_vars[ORDER])
        found = {host: declare(self._templar, hostvars, host) for host in hostvars}
        declarations = {host: declaration for host, declaration in found.items() if declaration is not None}
        checked = check(list(declarations.values()))
        if checked.problems:  # which the step before has told
            return {"state": "invalid"}
        if asked["describe"]:
            return _answer(describe(asked["names"], checked.farms), to_look_at=())
        proposal = propose(
            asked["names"],
            Order(day=asked["day"], certificate=_certificate(asked), irreversible=asked["irreversible"]),
            checked.farms,
            declarations,
            vault=AnsibleVault(self._loader),
            read=lambda file: Path(file).read_bytes(),
            random_bytes=os.urandom,
            folder=Path.cwd(),
        )
        return _answer(proposal, to_look_at=() if proposal.problems else proposal.members)


def _answer(proposal: Any, *, to_look_at: Any) -> dict[str, Any]:
    return {"state": "proposed", "to_look_at": list(to_look_at), **proposal.to_json()}


def _certificate(asked: dict[str, Any]) -> Any:
    """Answer the certificate that was given, None where none was."""
    from keydeploy.rotation.certificate_forms import given_pem, given_pfx  # noqa: PLC0415

    password = _read(asked["password_file"]).decode().rstrip("\r\n") if asked["password_file"] else None
    if asked["pfx"]:
        return given_pfx(_read(asked["pfx"]), password)
    return given_pem(_read(asked["pem"]), password) if asked["pem"] else None


def _read(file: str) -> bytes:
    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise KeydeployError(f"{file} cannot be read: {error.strerror}", hint="check the path") from None
