"""Looks at files and folders without a node: configuration files, inventories, and files with keys."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from keydeploy.errors import DocumentError
from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.lint import reporting_services, suppression
from keydeploy.lint.folders import Moved, Role, assemble, is_configuration, named_by
from keydeploy.lint.model import Finding, Linted
from keydeploy.lint.rules import (
    RULES,
    check,
    check_content,
    check_keys,
    judged_offline,
    key_in_inventory,
    private_key_file,
)
from keydeploy.lint.settling import settle
from keydeploy.lint.suppression import Suppression
from keydeploy.lint.variables import in_ini, in_inventory, in_yaml
from keydeploy.lint.walking import Found, Kind, follow, walk
from keydeploy.webconfig.document import Document, parse

_OF_DOTNET = re.compile(r"(?:web|app|machine)(?:\..+)?\.config|.+\.(?:exe|dll)\.config", re.IGNORECASE)
"""Names that .NET alone uses: a file of another kind may be called `anything.config`."""

_MARKS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")
"""How a configuration file begins."""

_READERS = {Kind.INI: in_ini, Kind.VARIABLES: in_yaml}
_UNTOLD = (Kind.NAMED, Kind.INVENTORY)
"""Files whose names do not tell what they hold."""

_OF_INVENTORIES = ("", ".py", ".sh")
_UNKNOWN = "nothing that lint knows"


def look(paths: Sequence[Path], disclosed: DisclosedKeys | None, *, on_farm: bool = True) -> Linted:
    """Look at the files at *paths*, and in the folders there at configuration files, YAML, JSON and files with keys.

    Nothing is asked of any node. A file that cannot be read or understood is told in the answer and stops nothing;
    of *on_farm* see `Application`. Raises `KeydeployError` when one of *paths* does not exist.
    """
    sight = _Sight()
    for found in walk(paths):
        sight.take(found)
    sight.follow_sources()
    sight.judge_documents(disclosed, on_farm=on_farm)
    judged = judged_offline(disclosed, on_farm=on_farm)
    settled = settle(_sorted(sight.findings), sight.suppressions, RULES, judged)
    return Linted(
        findings=tuple(_sorted(settled.findings)),
        suppressed=settled.suppressed,
        unread=sight.unread,
        broken=frozenset(sight.broken),
    )


_RULES = {Role.WHOLE: check, Role.PROGRAM: check, Role.CONTENT: check_content, Role.KEYS: check_keys}


class _Sight:
    """What was seen so far."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.suppressions: list[Suppression] = []
        self.unread: dict[str, str] = {}
        self.broken: set[str] = set()
        self._documents: dict[str, Document] = {}
        self._found: dict[str, Found] = {}

    def take(self, found: Found) -> None:
        """Look at one file; configuration files wait for those that they depend on."""
        content = found.content
        if isinstance(content, str):
            self.unread[found.shown] = content
            if found.kind in (Kind.CONFIGURATION, Kind.FOLDER):
                self.broken.add(found.shown)
        elif _is_configuration(found.kind, content):
            self._take_document(found, content)
        elif found.kind is Kind.KEY or (found.kind in _UNTOLD and private_key_file.is_one(content)):
            self._take_key(found.shown, content)
        elif _is_unknown(found, content):
            self.unread[found.shown] = _UNKNOWN
        else:
            self._take_variables(found, content)

    def follow_sources(self) -> None:
        """Look at the files that configSource names, and tell those that are not there."""
        known = {path.lower() for path in (*self._documents, *self.unread)}
        for shown in [*self._documents]:
            for moved in named_by(shown, self._documents[shown]):
                if moved.path is None:
                    self._tell_missing(shown, moved, "leads out of the folder")
                elif moved.path.lower() not in known:
                    known.add(moved.path.lower())
                    found = follow(self._found[shown], moved.path)
                    if found is not None:
                        self.take(found)
                    else:
                        self._tell_missing(shown, moved, "is not there")

    def _tell_missing(self, shown: str, moved: Moved, why: str) -> None:
        path = moved.shown_path or f"{shown} ({moved.section})"
        file = "this file" if moved.shown_path else "another file"
        self.unread.setdefault(path, f"{moved.section} of {shown} stands in {file} (configSource), which {why}")

    def judge_documents(self, disclosed: DisclosedKeys | None, *, on_farm: bool) -> None:
        """Let the rules look at the configuration files."""
        for placed in assemble(self._documents, on_farm=on_farm):
            self.findings.extend(_RULES[placed.role](placed.application, disclosed))

    def _take_document(self, found: Found, content: bytes) -> None:
        shown, is_of_dotnet = found.shown, _OF_DOTNET.fullmatch(found.path.name) is not None
        try:
            document = parse(content)
        except DocumentError as error:
            if found.kind is not Kind.BACKUP:
                self.unread[shown] = error.told
            if found.kind is not Kind.BACKUP and (is_of_dotnet or content.lstrip().startswith(_MARKS)):
                self.broken.add(shown)
            return
        keys = reporting_services.machine_key(document) if found.path.name.lower() == reporting_services.FILE else None
        if keys is not None or is_configuration(document):
            self._documents[shown], self._found[shown] = keys or document, found
            self.suppressions.extend(suppression.in_document(shown, document))
        elif found.path.name.lower() == "web.config":
            self.unread[shown] = "the root element is not <configuration>"
            self.broken.add(shown)

    def _take_key(self, shown: str, content: bytes) -> None:
        found = [*private_key_file.check(shown, content)]
        if found:
            self.findings.extend(found)
            self.suppressions.extend(suppression.in_lines(shown, content.decode("latin-1")))

    def _take_variables(self, found: Found, content: bytes) -> None:
        if not key_in_inventory.may_strike(content, is_inventory=found.is_among_variables):
            return
        try:
            text = content.decode("utf-8-sig")
            values = _READERS.get(found.kind, in_inventory)(text)
            self.findings.extend(
                key_in_inventory.check(found.shown, values, is_inventory=found.is_among_variables),
            )
        except UnicodeDecodeError:
            self.unread[found.shown] = "not UTF-8"
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            self.unread[found.shown] = f"{mark.line + 1}:{mark.column + 1}: not YAML" if mark else "not YAML"
        except (yaml.YAMLError, ValueError, OverflowError):
            self.unread[found.shown] = "not YAML"
        except RecursionError:
            self.unread[found.shown] = "nested too deeply"
        else:
            self.suppressions.extend(suppression.in_lines(found.shown, text))


def _is_configuration(kind: Kind, content: bytes) -> bool:
    return kind in (Kind.CONFIGURATION, Kind.BACKUP) or (kind is Kind.NAMED and content.startswith(_MARKS))


def _is_unknown(found: Found, content: bytes) -> bool:
    """Tell whether somebody named *found* in vain: no inventory, by its name, and nothing in it that a rule is about.

    A name without an ending may be that of an inventory, and so may one of a program.
    """
    if found.kind not in _UNTOLD or key_in_inventory.is_encrypted(content):
        return False
    is_inventory = found.path.suffix.lower() in _OF_INVENTORIES and b"\0" not in content
    return not is_inventory and not key_in_inventory.may_strike(content, is_inventory=found.is_among_variables)


def _sorted(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield *findings* by place, each once: applications that inherit from one file find the same there."""
    ordered = sorted(findings, key=lambda each: (each.file, each.line or 0, each.column or 0, each.rule.id, each.text))
    seen = set()
    for finding in ordered:
        key = finding.rule.id, finding.file, finding.line, finding.column, finding.text
        if key not in seen:
            seen.add(key)
            yield finding
