"""Whatever a farm is like: adopt, and a plan finds nothing to do; where nodes differ, only on those that do."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keydeploy.adoption import vaulted
from keydeploy.adoption.agreement import agree
from keydeploy.adoption.majority import majority
from keydeploy.adoption.naming import identifier, of_application
from keydeploy.adoption.text import scalar
from keydeploy.secret import Secret
from tests.adoption.farms import (
    EMPTY,
    FRAMEWORKS,
    HANDLERS,
    HOST,
    MODERN,
    SECTIONS,
    V2,
    V4,
    Node,
    adopt,
    key,
    machine_key,
    pending,
    web_config,
)

_SLOW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
PATHS = ("/", "/a", "/a/b", "/c")
KEYS = [f"{which}{'5EC2E7' * 10}" for which in ("11", "2f", "3D")]


def one_of(*values: str | None) -> st.SearchStrategy[str | None]:
    return st.sampled_from(values)


@st.composite
def machine_keys(draw: st.DrawFn) -> str:
    """Answer a machineKey: right, wrong in one respect or in many, in part or not at all."""
    wanted = {
        "validation": draw(one_of("SHA1", "HMACSHA256", "HMACSHA512")),
        "decryption": "AES",
        "compatibilityMode": draw(one_of("Framework45", "Framework20SP2", None)),
        "validationKey": draw(one_of(*KEYS, KEYS[1].upper(), f" {KEYS[0]} ")),
        "decryptionKey": draw(one_of(*(each[:48] for each in KEYS))),
    }
    odd = {
        "validation": ("MD5", "sha1", "alg:X", None),
        "decryption": ("Auto", "3DES", None),
        "validationKey": (f"{KEYS[0]},IsolateApps", "AutoGenerate", KEYS[0][:20], None),
        "decryptionKey": (KEYS[0][:16], "AutoGenerate,IsolateApps", None),
        "dataProtectorType": ("Contoso.Protector, Contoso {{ x }}", ""),
        "applicationName": ("{{ portal }}", ""),
        "lockItem": ("true",),
        "unknown": ("x",),
    }
    for name in draw(st.sets(st.sampled_from(sorted(odd)), max_size=draw(st.sampled_from([0, 0, 1, 4])))):
        wanted[name] = draw(one_of(*odd[name]))
    order = draw(st.permutations(sorted(wanted)))
    return machine_key(" ".join(f'{name}="{wanted[name]}"' for name in order if wanted[name] is not None))


@st.composite
def files(draw: st.DrawFn) -> str:
    """Answer a web.config."""
    inside = draw(machine_keys())
    where = draw(
        st.sampled_from(["{}", "{}", "{}", '<location path=".">{}</location>', '<location path="b">{}</location>', ""])
    )
    mode = draw(
        st.sampled_from(
            ["", "", '<location path="x"><system.web><httpRuntime targetFramework="4.8"/></system.web></location>']
        )
    )
    wif = draw(st.sampled_from([("", ""), ("", ""), (SECTIONS, HANDLERS), (SECTIONS, ""), ("", HANDLERS)]))
    broken = draw(st.sampled_from([None] * 9 + [-20]))
    return web_config(wif[0], wif[1], where.format(inside), mode)[:broken]


@st.composite
def roots(draw: st.DrawFn) -> dict[str, str]:
    """Answer files of .NET itself, by their paths."""
    found = {}
    for version in (V4, V2):
        present = draw(st.sampled_from(["both", "both", "none", "one"]))
        content, other = web_config(draw(machine_keys())), web_config(draw(machine_keys()))
        for framework in FRAMEWORKS if present != "none" else ():
            folder = version.format(framework)
            found[f"{folder}machine.config"] = EMPTY if version == V2 else draw(st.sampled_from([EMPTY, EMPTY, other]))
            found[f"{folder}web.config"] = content if present == "both" or framework == "Framework" else other
    return found


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "applications": draw(st.dictionaries(st.sampled_from(PATHS), files(), min_size=1)),
        "roots": draw(st.one_of(st.just({}), roots())),
        "pool": draw(st.sampled_from(["", "", ' enable32BitAppOnWin64="true"', ' managedRuntimeVersion="v2.0"'])),
    }


def make(root: Path, shape: Mapping[str, Any]) -> Node:
    node = Node(root, shape["applications"])
    for path, content in shape["roots"].items():
        node.write(path, content)
    if "/a" in shape["applications"]:
        node.replace(HOST, '<add name="A"', f'<add name="A"{shape["pool"]}')
    return node


def secrets_of(node: Node) -> set[str]:
    """Answer the explicit keys that stand in the files of *node*."""
    texts = (file.read_bytes().decode() for file in node.root.rglob("*.config"))
    return {found.lower() for text in texts for found in re.findall(r'Key="\s*([0-9A-Fa-f]{16,})', text)}


@_SLOW
@given(shapes())
def test_a_plan_of_what_agreeing_nodes_were_adopted_to_is_empty(shape: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        nodes = {host: make(Path(folder) / host, shape) for host in ("web1", "web2")}
        adopted = adopt(nodes)

        assert adopted.differences() == {}
        assert pending(nodes, adopted) == {}
        assert not [key for key in secrets_of(nodes["web1"]) if key[:16] in adopted.text.lower()]


@_SLOW
@given(shapes(), shapes())
def test_a_plan_of_what_differing_nodes_were_adopted_to_is_about_those_in_the_minority(
    most: dict[str, Any], other: dict[str, Any]
) -> None:
    with TemporaryDirectory() as folder:
        nodes = {host: make(Path(folder) / host, most) for host in ("web1", "web2")}
        nodes["web3"] = make(Path(folder) / "web3", other)
        adopted = adopt(nodes)

        found = pending(nodes, adopted)
        assert set(found) <= {"web3"}
        assert all("proposed" in adopted.text for _ in found)


@_SLOW
@given(shapes())
def test_the_facts_of_a_node_hold_no_key(shape: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        node = make(Path(folder) / "web1", shape)
        seen = node.look("web1", {})
        told = (json.dumps(seen.facts.to_json()) + repr(seen)).lower()

        for key in secrets_of(node):
            assert key[:16] not in told
            assert base64.b64encode(key.upper().encode()).decode()[:20].lower() not in told


def test_a_key_is_a_secret_all_the_way_to_the_vault(tmp_path: Path) -> None:
    node = Node(tmp_path / "web1", {"/a": web_config(machine_key(f"{MODERN} {key(1)}"))})
    seen = node.look("web1", {})
    proposal = agree({"web1": seen.facts})
    opened = {"web1": vaulted.sealed_keys(seen.keys)}
    clear = vaulted.write(proposal, opened, {})

    assert [{*each} for each in seen.keys.values()] == [{"validation_key", "decryption_key"}]
    values = [*(value for each in seen.keys.values() for value in each.values()), opened["web1"], clear]
    assert all(isinstance(value, Secret) for value in values)
    assert isinstance(clear, Secret)
    assert all(each in clear.reveal().decode().lower() for each in secrets_of(node))


@given(st.text())
def test_any_text_is_written_so_that_it_is_read_again(text: str) -> None:
    written = scalar(text)
    assert yaml.safe_load(written.removeprefix("!unsafe ")) == text
    assert written.startswith("!unsafe ") or not re.search(r"\{[{%#]", text)


@given(st.lists(st.tuples(st.text(), st.text(min_size=1))))
def test_names_are_fit_for_a_spec_and_each_is_given_once(applications: list[tuple[str, str]]) -> None:
    names: list[str] = []
    for site, path in applications:
        names.append(of_application(site, path, names))
    assert len({*names}) == len(names)
    assert all(re.fullmatch(r"(?!.*[0-9a-f]{16})[a-z][a-z0-9_]*", name) for name in names)


@given(st.text())
def test_an_identifier_is_one_already(text: str) -> None:
    assert identifier(identifier(text)) == identifier(text)
    assert identifier(text).isidentifier()


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(["x", "y", ""]), min_size=1))
def test_nobody_has_more_nodes_than_what_is_proposed(values: dict[str, str]) -> None:
    found = majority(values)
    counts = [len(nodes) for _, nodes in found.camps]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == len(values)
    assert found.value != "" or counts[0] > max(counts[1:], default=0)
