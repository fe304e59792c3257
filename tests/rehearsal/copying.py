"""What the tests of rehearsals share: a sandbox node that is the original, its copy, and how the two compare."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from keydeploy import render
from keydeploy.node.contract import Response
from keydeploy.node.sandbox import Sandbox
from keydeploy.node.sandbox.json_file import read_json
from keydeploy.observation import observe
from keydeploy.plan.planning import node_plan
from keydeploy.rehearsal import Copied, Copyist, Folder
from keydeploy.rehearsal.certificates import Certificates, thumbprint_on
from keydeploy.rehearsal.declaration import settled
from keydeploy.rehearsal.keys import Keys
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret
from keydeploy.spec import Declaration, Spec, load

MADE = StandIns(Secret(b"the key of a rehearsal"))
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]+")
_THUMBPRINT = re.compile(r"(?<![0-9A-Fa-f])[0-9A-F]{40}(?![0-9A-Fa-f])")


def folder_in(place: Path) -> Folder:
    """Answer the folder of a new rehearsal."""
    root = place / "rehearsal"
    root.mkdir(mode=0o700)
    folder = Folder(root)
    folder.begin()
    return folder


@dataclass
class Copy:
    """The node in the folder *original*, what its host declares, and its copy in *folder*."""

    folder: Folder
    original: Path
    value: Mapping[str, Any]
    host: str = "web1"
    now: float = field(default_factory=time.time)

    @cached_property
    def spec(self) -> Spec:
        return load(Declaration(host=self.host, value=self.value))

    @cached_property
    def copied(self) -> Copied:
        """Make the copy, and answer what there is to say of it."""
        copyist = Copyist(self.folder, self.spec)
        copyist.declare(self.value)
        return copyist.copy(self.ask(self.original, self.spec), ahead=0.0, accepted=False)

    @property
    def root(self) -> Path:
        """Answer the folder of the copy."""
        assert self.copied
        return self.folder.node(self.host)

    @cached_property
    def stand_in_spec(self) -> Spec:
        assert self.copied
        declared = settled(read_json(self.folder.declared(self.host)), self.folder.shelf)
        return load(Declaration(host=self.host, value=declared))

    def ask(self, root: Path, spec: Spec) -> Response:
        """Ask the node in the folder *root* about *spec*."""
        request = render.observe(spec, "looking")
        sandbox = Sandbox(root, clock=lambda: self.now, sleep=lambda _: None)
        return Response.from_json(sandbox.answer(request.to_json()), request)

    def plan_of_the_original(self) -> list[dict[str, Any]]:
        """Answer the operations that are planned for the node, with thumbprints as the copy calls them."""
        return self._plan(self.original, self.spec)

    def plan_of_the_copy(self) -> list[dict[str, Any]]:
        return self._plan(self.root, self.stand_in_spec)

    def _plan(self, root: Path, spec: Spec) -> list[dict[str, Any]]:
        operations = [each.to_json() for each in node_plan(observe(spec, self.ask(root, spec))).operations]
        text = json.dumps(operations)
        if spec is self.spec:
            text = _THUMBPRINT.sub(lambda found: self._thumbprints.get(found[0]) or self._found(found[0]), text)
        plan: list[dict[str, Any]] = json.loads(_FINGERPRINT.sub("sha256", text))
        return plan

    @cached_property
    def _thumbprints(self) -> dict[str, str]:
        made = self.folder.stand_ins()
        certificates = Certificates(made, self.folder.shelf, Keys(made, self.folder.shelf))
        certificates.take_over(self.spec)
        return certificates.thumbprints()

    def _found(self, thumbprint: str) -> str:
        return thumbprint_on(self.folder.shelf, self.folder.stand_ins().hexadecimal(thumbprint))
