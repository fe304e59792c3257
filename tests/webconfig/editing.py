"""What the tests of the editor share: made-up keys, and edits turned into bytes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.edit import apply, fill_in
from keydeploy.keys.machine_key import generate
from keydeploy.secret import Secret
from keydeploy.webconfig.document import parse
from keydeploy.webconfig.editor import Editor

ADDRESS = "machine_keys.portal"
KEY = generate(lambda length: bytes(range(0xA0, 0xA0 + length)))
VALIDATION_KEY = KEY.validation_key.reveal().decode()
DECRYPTION_KEY = KEY.decryption_key.reveal().decode()
CASES = Path(__file__).with_name("cases")


def resolve(address: str) -> Secret:
    """Answer the made-up secret that is declared at *address*."""
    return {f"{ADDRESS}.validation_key": KEY.validation_key, f"{ADDRESS}.decryption_key": KEY.decryption_key}[address]


def applied(editor: Editor, data: bytes) -> bytes:
    """Answer *data*, which the editor's document was read from, with the editor's edits made."""
    return apply(data, [fill_in(edit, editor.document.encoding, resolve) for edit in editor.edits()])


def editor_of(text: str) -> Editor:
    return Editor(parse(text.encode()))


def result(editor: Editor) -> str:
    """Answer the UTF-8 document of *editor* with its edits made."""
    return applied(editor, editor.document.text.encode()).decode()


def cases(folder: str) -> list[Any]:
    """Answer the case files of *folder* as parameters, named after their files."""
    paths = sorted((CASES / folder).glob("*.yml"))
    return [pytest.param(yaml.safe_load(path.read_text(encoding="utf-8")), id=path.stem) for path in paths]
