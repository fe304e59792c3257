"""What every entry keeps: causes told apart, commands that only read and exist, specs that are valid, sources."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest
import yaml

from keydeploy.cli import _VERBS
from keydeploy.explain import BY_NAME, ENTRIES, Check, Entry, Where, recognise
from keydeploy.explain.entries import OF_CODE, OF_EVENT, OF_WIF_ID
from keydeploy.schema import validator

CHECKS = sorted(
    {(check.command, check.where.name) for entry in ENTRIES for cause in entry.causes for check in cause.checks}
)
OF_KEYDEPLOY = sorted(
    {command for command, _ in CHECKS if command.startswith("keydeploy ")}
    | {command for entry in ENTRIES for command in entry.remedy.commands}
)
ON_NODES = [command for command, where in CHECKS if where == Where.NODE.name]
READS = (
    r"certutil (-user )?-store My( THUMBPRINT)?",
    r"certutil -verifystore My THUMBPRINT",
    r"certutil (-user )?-key PortalConfiguration",
    r"certutil -csplist",
    r"netsh http show sslcert",
    r'icacls "[^"]*"',
    r'& "\$env:windir\\system32\\inetsrv\\appcmd\.exe" list (app|apppool "Portal" /text:[\w.]+'
    r'|vdir "Default Web Site/portal/" /text:physicalPath)',
    r"Get-WinEvent -FilterHashtable @\{[^}]*\} -MaxEvents 20 \| Format-List TimeCreated,Message",
    r"\(Get-WebConfigurationProperty [^)|;]*\)\.Value",
    r"Get-ItemProperty '[^']*' -Name \w+",
    r"Get-ChildItem \S+( -Recurse -Filter web\.config)? \| (Where-Object \{[^}]*\} \| "
    r")?(Format-Table|Format-List|Select-Object) [\w,]+",
    r"Select-String -Path \S+ -Pattern '[^']*' -AllMatches \| ForEach-Object \{ \$_\.Matches\.Value \}",
    r"\[Environment\]::OSVersion\.Version",
    r"\$c = New-Object Security\.Cryptography\.CspParameters 24; \$c\.KeyContainerName = 'PortalConfiguration'; "
    r"\$c\.Flags = 'UseMachineKeyStore,UseExistingKey,NoPrompt'; "
    r"\$k = \(New-Object Security\.Cryptography\.RSACryptoServiceProvider \$c\)\.CspKeyContainerInfo; "
    r"\$k \| Format-List; \$k\.CryptoKeySecurity\.Access \| Format-Table [\w,]+",
)
"""All forms of commands on nodes; each of them only reads, and none makes a container (UseExistingKey)."""
HERE = (
    *(f"keydeploy {verb}" for verb in ("drift", "plan", "lint", "validate", "status", "doctor", "explain")),
    "openssl pkcs12 -in",
)


def checks(entry: Entry) -> Iterator[Check]:
    for cause in entry.causes:
        yield from cause.checks


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_tells_its_causes_apart_each_with_a_command_that_settles_it(entry: Entry) -> None:
    assert entry.causes
    assert len({cause.id for cause in entry.causes}) == len(entry.causes)
    assert len({cause.title for cause in entry.causes}) == len(entry.causes)
    for cause in entry.causes:
        assert cause.checks, cause.id
        assert cause.reason != cause.title
        assert all(check.tells for check in cause.checks)
    assert entry.sources
    assert all(
        re.search(r"\.\w+/|reference source|machine\.config", source) or "github.com" in source
        for source in entry.sources
    )
    assert entry.remedy.commands


def test_ids_codes_and_events_belong_to_one_entry_each() -> None:
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    assert len(OF_CODE) == sum(len(entry.codes) for entry in ENTRIES)
    assert len(OF_WIF_ID) == sum(len(entry.ids) for entry in ENTRIES)
    assert len(OF_EVENT) == sum(len(entry.events) for entry in ENTRIES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.id) for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_sign_can_be_found(entry: Entry) -> None:
    for name in entry.codes:
        assert entry in [found.entry for found in recognise(BY_NAME[name].hex)]
    for name in entry.ids:
        assert recognise(f"{name}: something")[0].entry is entry
    for event in entry.events:
        assert entry in [found.entry for found in recognise(f"Event Source: {event.source} Event ID: {event.id}")]
    for sign in entry.signs:
        assert all(word == word.casefold() == " ".join(word.split()) for word in sign.words), sign
        assert entry in [found.entry for found in recognise(" ... ".join(sign.words))], sign


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_words_that_point_to_a_cause_are_written_as_they_are_compared(entry: Entry) -> None:
    for cause in entry.causes:
        for sign in cause.points:
            assert all(word == word.casefold() == " ".join(word.split()) for word in sign.words), sign


@pytest.fixture(scope="module")
def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keydeploy")
    commands = parser.add_subparsers(required=True)
    for verb in _VERBS:
        verb.add(commands)
    return parser


@pytest.mark.parametrize("command", OF_KEYDEPLOY)
def test_a_command_of_keydeploy_is_one_that_it_takes(command: str, command_line: argparse.ArgumentParser) -> None:
    program, *arguments = shlex.split(command)

    assert program == "keydeploy"
    assert command_line.parse_args(arguments).run


@pytest.mark.parametrize("command", ON_NODES)
def test_a_command_on_a_node_only_reads(command: str) -> None:
    assert any(re.fullmatch(form, command) for form in READS), command


@pytest.mark.parametrize("command", [command for command, where in CHECKS if where == Where.CONTROLLER.name])
def test_a_command_on_the_controller_only_reads(command: str) -> None:
    assert command.startswith(HERE)
    assert command.startswith("keydeploy ") or command.endswith("-noout")


def test_every_spec_is_valid_by_the_schema() -> None:
    specs = {entry.remedy.spec for entry in ENTRIES if entry.remedy.spec}

    assert len(specs) > 5
    for spec in specs:
        errors = list(validator("spec").iter_errors({"farm": "portal", **yaml.safe_load(spec)}))
        assert errors == [], spec
    assert list(validator("spec").iter_errors({"farm": "portal", "smart_card": {}}))  # which refuses what is none
