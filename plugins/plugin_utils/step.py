"""What every step of the path has in common: it answers data and lets no secret and no raw text out."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from .lighter import lighter
from .run import VALID

VERSION = "0.1.0"
"""The collection's version; the Python package must be of the same."""

try:  # Imported here already, so that the workers, which are forked from this process, need not do it each.
    import keydeploy.health
    import keydeploy.node.sandbox
    import keydeploy.render
    import keydeploy.report.diff
    import keydeploy.rollout  # noqa: F401
    from keydeploy import __version__ as _package_version

    from . import declarations, frames, node, seal_key, standing, windows  # noqa: F401

    _missing = None
except ImportError as error:
    _package_version, _missing = "", error.name


class Step(ActionBase):
    """A step of the path. Subclasses implement `step` and answer whitelisted keys only."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Carry out the step; what goes wrong is an answer too, because a host that fails would leave the play."""
        gc.freeze()  # what the worker has inherited outlives it: to look for garbage there takes 60 ms
        super().run(tmp, task_vars)
        # The WinRM connection writes what a node answered to the log at -vvvvv unless this is set.
        self._connection._play_context.no_log = True
        run = ((task_vars or {}).get(VALID) or {}).get("run")
        try:
            _require_package()
            return {"changed": False, **self.step(task_vars or {})}
        except AnsibleConnectionFailure:
            return {"run": run, **_answer("unreachable", "the connection failed")}
        except Exception as error:  # see above; its text may quote anything
            return {"run": run, **_answer_to(error)}

    @property
    def templar(self) -> Any:
        """What resolves expressions."""
        return self._templar

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do the work of this step."""
        raise NotImplementedError

    def _configure_module(self, module_name: str, module_args: Any, task_vars: Any) -> tuple[Any, str]:
        """Let what Ansible builds for a Windows node be lighter: a call shall fit into one message."""
        from . import frames  # noqa: PLC0415

        framed = frames.filled(module_name, module_args) if frames.is_usual(self, task_vars) else None
        if framed is not None:
            return framed
        built, path = super()._configure_module(module_name, module_args, task_vars)
        return replace(built, b_module_data=lighter(built.b_module_data)), path


def timed(ask: Callable[[], Any]) -> tuple[Any, float, float]:
    """Answer what *ask* answers, and when it began and ended on the controller's clock."""
    started = time.time()
    answer = ask()
    return answer, started, time.time()


def _require_package() -> None:
    if _package_version == VERSION:
        return
    if _package_version:
        found = f"the Python package keydeploy is version {_package_version}"
    else:
        found = f"the Python package {_missing} cannot be imported"
    wanted = f"the collection keydeploy.core is {VERSION}"
    raise RuntimeError(f"{found}, {wanted}; pip install keydeploy=={VERSION} into Ansible's own Python")


def _answer_to(error: Exception) -> dict[str, Any]:
    if _package_version != VERSION:
        return _answer("failed", str(error))
    from keydeploy.errors import KeydeployError, SpecError, Unreachable  # noqa: PLC0415

    if isinstance(error, SpecError):
        return _answer("failed", "; ".join(str(problem) for problem in error.problems))
    if isinstance(error, KeydeployError):
        state = "unreachable" if isinstance(error, Unreachable) else "failed"
        return _answer(state, error.message, error.hint)
    return _answer("failed", f"internal error: {type(error).__name__} at {_last_place(error)}")


def _last_place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


def _answer(state: str, cause: str, hint: str | None = None) -> dict[str, Any]:
    return {"changed": False, "state": state, "cause": cause, "hint": hint}
