"""The implementations of a node that the suite runs against, and what each of them cannot do."""

from collections.abc import Callable
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

import pytest

from keydeploy.node import paths
from keydeploy.node.sandbox import Sandbox
from keydeploy.node.sandbox.certificates import Certificates, Link
from keydeploy.node.sandbox.containers import Containers, Held
from tests.node.contract.material import parts, public
from tests.node.contract.others import OthersContainer, OthersLink

OWN_FOLDER = "C:\\ProgramData\\keydeploy"


class Answering(Protocol):
    """Whatever takes a request."""

    def answer(self, request: str, /) -> str:
        """Carry out the JSON text *request* and answer the JSON text of the response."""
        ...


class NodeUnderTest(Answering, Protocol):
    """A node with an empty drive C: but for `C:\\Windows` and `C:\\ProgramData`, and a hand on its clock."""

    def clock(self) -> float:
        """Answer the node's time, in seconds since 1970."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let *seconds* pass on the node."""
        ...

    def while_waiting(self, happen: Callable[[], object]) -> None:
        """Let *happen* once, the next time that the node waits."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Put *content* at the full Windows path *path*, with its folders, as somebody else would."""
        ...

    def read(self, path: str) -> bytes | None:
        """Answer what the file at *path* holds, None where there is none."""
        ...

    def make_container(self, container: OthersContainer) -> None:
        """Make a key container with a new key, as somebody else would."""
        ...

    def link(self, thumbprint: str, link: OthersLink) -> None:
        """Link a certificate in My to a key, whether or not there is one, as somebody else would."""
        ...

    def tree(self, folder: str = "C:\\") -> dict[str, bytes]:
        """Answer all files below *folder* by their path relative to it."""
        ...


class SandboxNode:
    """The embedded node; its time passes only when it is told to, or when the node sleeps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now = 1_800_000_000.25
        self._happen: Callable[[], object] | None = None
        (root / "C/Windows").mkdir(parents=True)
        (root / "C/ProgramData").mkdir()

    def answer(self, request: str) -> str:
        # A new one for each call, as in a worker: nothing but the folder carries state on.
        return Sandbox(self.root, clock=self.clock, sleep=self._sleep).answer(request)

    def clock(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += seconds

    def while_waiting(self, happen: Callable[[], object]) -> None:
        self._happen = happen

    def write(self, path: str, content: bytes) -> None:
        file = paths.locate(self.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def read(self, path: str) -> bytes | None:
        file = paths.locate(self.root, path)
        return file.read_bytes() if file.is_file() else None

    def make_container(self, container: OthersContainer) -> None:
        held = Held(
            name=container.name,
            provider_type=container.provider_type,
            key_number=container.key_number,
            exportable=container.exportable,
            sddl=container.sddl or "D:(A;;GA;;;BA)",
            public_key=public(container.key or "others"),
            key=parts(container.key or "others"),
        )
        Containers(self.root).put(held)

    def link(self, thumbprint: str, link: OthersLink) -> None:
        certificates = Certificates(self.root, Containers(self.root))
        stored = certificates.stored("My", thumbprint)
        assert stored is not None
        linked = Link(**{**asdict(link), "container": link.container or "", "provider": link.provider or ""})
        certificates.put("My", thumbprint, replace(stored, link=linked))

    def tree(self, folder: str = "C:\\") -> dict[str, bytes]:
        top = paths.locate(self.root, folder)
        return {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}

    def _sleep(self, seconds: float) -> None:
        self._now += seconds
        if seconds > 0 and self._happen is not None:
            happen, self._happen = self._happen, None
            happen()


IMPLEMENTATIONS = ("sandbox", "mono", "wine")
"""The embedded node; the C# on Mono, without Win32; all of the C# on the Windows build of .NET under Wine."""

_NO_CRYPTOAPI = "Mono has no CryptoAPI: neither containers nor stores with keys"
_ONE_VIEW = "Mono's registry has one view, heeds case, and knows neither the kind none nor empty binary values"
_FEW_ACCOUNTS = "Mono knows few accounts, by their whole names in one case"
_NO_IIS_ACCOUNTS = "Wine does not know IIS_IUSRS"
_NO_APPCMD = "Mono runs no program of Windows: there is no appcmd"
_NO_HTTP_SYS = "there is no http.sys"
_NO_RECORDS = "Wine's http.sys keeps no records of certificates"

CANNOT: dict[str, dict[str, str]] = {
    "sandbox": {},
    "mono": {
        "test_containers.py::* but *without_a_name* *only_providers* *an_access_that_is_none*": _NO_CRYPTOAPI,
        "test_containers_of_others.py::*": _NO_CRYPTOAPI,
        "test_links_of_others.py::*": _NO_CRYPTOAPI,
        "test_certificates.py::* but *an_error_names_neither*": _NO_CRYPTOAPI,
        "test_nouns_together.py::*": _NO_CRYPTOAPI,
        "test_app_pools.py::* but *without_iis* *a_damaged_configuration*": _NO_APPCMD,
        "test_bindings.py::* but *without_iis* *does_not_exist* *central_certificate_store*": _NO_HTTP_SYS,
        "test_accounts.py::test_an_account_of_every_windows_*": _FEW_ACCOUNTS,
        "test_accounts.py::test_an_account_is_found_whatever_the_case_*": _FEW_ACCOUNTS,
        "test_registry.py::*empty binary*": _ONE_VIEW,
        "test_registry.py::*none*": _ONE_VIEW,
        "test_registry.py::test_the_views_are_two*": _ONE_VIEW,
        "test_registry.py::test_keys_and_values_are_found_whatever_the_case*": _ONE_VIEW,
        "test_registry.py::test_both_views_switch*": _ONE_VIEW,
        "test_registry.py::test_staging_the_same_value_again*": _ONE_VIEW,
    },
    "wine": {
        "test_accounts.py::*IIS_IUSRS*": _NO_IIS_ACCOUNTS,
        "test_bindings.py::test_a_binding_gets_*": _NO_RECORDS,
        "test_bindings.py::test_a_binding_switches_to_*": _NO_RECORDS,
        "test_bindings.py::test_a_binding_goes_back_to_*": _NO_RECORDS,
        "test_bindings.py::test_other_bindings_keep_*": _NO_RECORDS,
        "test_bindings.py::test_a_binding_that_is_not_as_it_was_observed_*": _NO_RECORDS,
        "test_bindings.py::test_names_and_thumbprints_*": _NO_RECORDS,
        "test_bindings.py::test_a_certificate_that_is_not_in_the_store_*": _NO_RECORDS,
        "test_bindings.py::test_a_repeated_commit_*": _NO_RECORDS,
    },
}
"""For each implementation the tests that it is excused from, by file and name, and the reason.

A pattern may go on with `but` and patterns of tests that it leaves in.
"""


def is_excused(implementation: str, test: pytest.Item) -> bool:
    """Tell whether *implementation* need not pass *test*."""
    return any(_fits(f"{test.path.name}::{test.name}", pattern) for pattern in CANNOT[implementation])


def _fits(name: str, pattern: str) -> bool:
    all_of, _, but = pattern.partition(" but ")
    return fnmatchcase(name, all_of) and not any(fnmatchcase(name, left) for left in but.split())
