"""Every message that an operator meets says what, where and why, and what to do next: checked where each is written."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keydeploy.errors import NodeError
from keydeploy.node.contract import ReadSystem, Request, Response
from keydeploy.node.contract.advice import ADVICE
from keydeploy.secret import Secret

ROOT = Path(__file__).parent.parent
SOURCES = (*sorted(ROOT.glob("keydeploy/**/*.py")), *sorted(ROOT.glob("plugins/**/*.py")))

WITHOUT_HINT = {
    # where: why the next step is not told there
    "keydeploy/node/sandbox/*": "a node tells a code; what to do about it is told where its answer is read (ADVICE)",
    "keydeploy/node/paths.py": "the same",
    "keydeploy/node/contract/messages.py: parse_request": "the same: it is the node that reads a request",
    "keydeploy/disclosed/web.py": "`fetch` adds the next step, which depends on whether a copy is kept",
    "keydeploy/spec/load.py: load": "the problems tell it, each its own",
    "keydeploy/report/saved.py: _parse": "a problem that says what is wrong with a file that people do not write",
    "keydeploy/rotation/keeping.py: _written": "its text is the next step: give the right vault password",
    "keydeploy/cli/running.py: conclude": "the problems tell theirs, or the user has interrupted it",
    "keydeploy/cli/linting.py: _complain_of": "the problems have been told, each with its next step",
    "keydeploy/cli/rehearsing.py: _conclude": "the user has interrupted it",
    "keydeploy/cli/rotating.py: run": "the user has said no",
    "keydeploy/cli/scheduling.py: *": "the user has said no",
    "keydeploy/plan/planning.py: _reasons": "a refusal says what to do in its own text",
    "keydeploy/rollout.py: stopped": "the user has interrupted it",
    "keydeploy/rollout.py: objections": "what policy forbids says what to do in its own text",
}


NAMES = (
    *("ASP", "Ansible", "AutoGenerate", "CryptoAPI", "EC", "Framework45", "GitHub", "IIS", "PEM", "PFX"),
    *("PowerShell", "RSA", "Root", "UTF", "WinRM", "Windows", "XML"),
)
"""Words that begin with a capital letter wherever they stand."""


@dataclass(frozen=True)
class Site:
    """A place where a message is made."""

    file: str
    function: str
    line: int
    kind: str
    has_hint: bool
    text: str | None
    """Its words, with `{}` where a value stands; None where it is put together elsewhere."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.function}): {self.kind}: {self.text}"


def trees() -> dict[str, ast.Module]:
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text("utf-8")) for file in SOURCES}


TREES = trees()


def errors() -> set[str]:
    """Answer the names of all classes below `KeydeployError`."""
    found = {"KeydeployError"}
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(5):  # as deep as they are below each other, and more
        found |= {each.name for each in classes if {ast.unparse(base) for base in each.bases} & found}
    return found


ERRORS = errors()


def calls(node: ast.AST, function: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield from calls(child, child.name)
            continue
        if isinstance(child, ast.Call):
            yield function, child
        yield from calls(child, function)


def words(node: ast.AST | None) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return None


def sites() -> Iterator[Site]:
    for file, tree in TREES.items():
        for function, call in calls(tree):
            name = ast.unparse(call.func)
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            if name in ERRORS:
                text = call.args[-1] if call.args else None
                yield Site(file, function, call.lineno, name, "hint" in keywords, words(text))
            elif name == "complain":
                has_hint = len(call.args) > 1 or any(isinstance(each, ast.Starred) for each in call.args)
                yield Site(file, function, call.lineno, name, has_hint, words(call.args[0]))
            elif name == "Reason":
                yield Site(file, function, call.lineno, name, "hint" in keywords, words(keywords.get("text")))


SITES = list(sites())


def excuse(site: Site) -> str | None:
    """Answer which of the excuses is for *site*."""
    for where in WITHOUT_HINT:
        file, _, function = where.partition(": ")
        if Path(site.file).match(file) and function in ("", "*", site.function):
            return where
    return None


def test_the_messages_are_found() -> None:
    assert len(SITES) > 300
    assert {"NodeError", "Unreachable", "ScalarError"} <= ERRORS


def test_every_message_has_a_next_step_or_an_excuse() -> None:
    assert [str(site) for site in SITES if not site.has_hint and excuse(site) is None] == []


def test_every_excuse_is_needed() -> None:
    assert {excuse(site) for site in SITES if not site.has_hint} - {None} == {*WITHOUT_HINT}


def test_a_message_begins_small_and_ends_without_a_full_stop() -> None:
    told = [site for site in SITES if site.text]
    assert [str(site) for site in told if site.text and site.text.endswith(".")] == []
    big = [site for site in told if site.text and site.text[0].isupper() and not site.text.startswith(NAMES)]
    assert [str(site) for site in big] == []


def test_every_error_of_a_node_has_a_next_step() -> None:
    schema = json.loads((ROOT / "schemas/node.schema.json").read_text("utf-8"))
    codes = schema["$defs"]["error"]["properties"]["code"]["enum"]
    assert set(codes) <= set(ADVICE)
    assert set(ADVICE) - set(codes) == {"answer"}


@pytest.mark.parametrize("code", ADVICE)
def test_the_next_step_comes_with_the_answer_of_a_node(code: str) -> None:
    request = Request(run="0" * 32, tag_key=Secret(b"tags"), operations=(ReadSystem(),))
    error = {"code": code, "message": "something is wrong", "hresult": None}
    answered = Response.from_json(json.dumps({"contract": 1, "results": [{"error": error}]}), request)
    with pytest.raises(NodeError, match="something is wrong") as raised:
        answered.raise_for_error()
    assert raised.value.hint == ADVICE[code]
