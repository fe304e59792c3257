"""Law 8: over the whole path, a web.config keeps every byte that need not change."""

from pathlib import Path

import pytest

from keydeploy.node import layout
from tests.engine.farm import (
    DECRYPTION_KEY,
    OLD_DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    VALIDATION_KEY,
    Stand,
    machine_key,
)

KEYS = f'validationKey="{OLD_VALIDATION_KEY}" decryptionKey="{OLD_DECRYPTION_KEY}"'
REST = 'validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"'
BESIDE = "<!-- <machineKey/> é ü -->\t<add key='x'   value=\"a&#10;b &lt; c\"/>"


def configuration(machine_key: str, *, declaration: str = "", newline: str = "\n") -> str:
    lines = [declaration, "<configuration >", f" <appSettings>{BESIDE}</appSettings>"]
    return newline.join([*lines, f"\t<system.web  >{machine_key}</system.web>", "</configuration>", "", ""])


SHAPES = {
    "utf-8": configuration(f"<machineKey {KEYS} {REST}/>").encode(),
    "byte-order-mark": configuration(f"<machineKey {KEYS} {REST}/>", newline="\r\n").encode("utf-8-sig"),
    "utf-16-le": configuration(f"<machineKey {REST}  {KEYS} />", newline="\r\n").encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + configuration(f"<machineKey {REST}  {KEYS} />").encode("utf-16-be"),
    "windows-1252": configuration(
        f"<machineKey\r\n    {KEYS}\r\n    {REST} ></machineKey >",
        declaration='<?xml version="1.0" encoding="windows-1252"?>',
        newline="\r\n",
    ).encode("cp1252"),
    "single-quotes": configuration(f"<machineKey {KEYS} {REST}/>".replace('"', "'"), newline="\r\n").encode(),
    "mixed-line-ends": configuration(f"<machineKey {KEYS} {REST}/>").replace("\n", "\r\n", 2).encode(),
}
"""Files that hold other keys: nothing but the digits may change."""

NEW = {
    "no-machine-key": configuration("", newline="\r\n").encode("utf-16"),
    "nothing": b"<configuration/>",
    "attributes-missing": configuration(f"<machineKey {KEYS}/>").encode("utf-8-sig"),
}
"""Files in which something has to be put."""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    stand = Stand(tmp_path_factory.mktemp("stand"))
    applications = {
        name: {"site": "Default Web Site", "path": f"/{name}", "machine_key": "portal"} for name in (*SHAPES, *NEW)
    }
    stand.add_farm("portal", "web1", "web2", machine_keys={"portal": machine_key()}, applications=applications)
    for node in ("web1", "web2"):
        behaviour = (stand.node(node) / "sandbox.json").read_bytes()
        stand.node(node).rename(stand.folder / f"first-{node}")
        layout.create(stand.node(node), {f"/{name}": content for name, content in (SHAPES | NEW).items()})
        (stand.node(node) / "sandbox.json").write_bytes(behaviour)
    ran = stand.keydeploy("apply")
    assert ran.code == 0, ran.text
    return stand


def web_config(stand: Stand, application: str, node: str = "web1") -> bytes:
    return (stand.node(node) / "C/inetpub" / application / "web.config").read_bytes()


def in_encoding(name: str, text: str) -> bytes:
    return text.encode({"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(name, "ascii"))


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_changes_but_the_digits_of_the_keys_in(stand: Stand, name: str) -> None:
    expected = SHAPES[name]
    for old, new in ((OLD_VALIDATION_KEY, VALIDATION_KEY), (OLD_DECRYPTION_KEY, DECRYPTION_KEY)):
        assert expected.count(in_encoding(name, old)) == 1
        expected = expected.replace(in_encoding(name, old), in_encoding(name, new))

    assert web_config(stand, name) == web_config(stand, name, "web2") == expected


@pytest.mark.parametrize("name", NEW)
def test_what_is_added_leaves_the_bytes_around_it(stand: Stand, name: str) -> None:
    before, after = NEW[name], web_config(stand, name)
    common = len(common_prefix(before, after)) + len(common_prefix(before[::-1], after[::-1]))

    replaced = {"nothing": len(b"/>"), "attributes-missing": len(VALIDATION_KEY + DECRYPTION_KEY + '" decryptionKey="')}
    assert common >= len(before) - replaced.get(name, 0)
    assert after == web_config(stand, name, "web2")


def test_the_result_is_in_order_and_keeps_no_temporary_file(stand: Stand) -> None:
    assert stand.keydeploy("drift").code == 0
    for folder in (stand.node("web1") / "C/inetpub").iterdir():
        assert [file.name for file in Path(folder).iterdir()] in (["web.config"], [])


def common_prefix(left: bytes, right: bytes) -> bytes:
    length = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return left[:length]
