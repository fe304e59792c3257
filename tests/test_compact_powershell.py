"""How PowerShell is written so that it takes less room, and what is left as it is."""

from importlib.resources import files

import pytest

from plugins.plugin_utils.powershell import compact

TEXT = """#!powershell

#Requires -Version 5.1
# (c) somebody
Function Get-Nothing {
    <#
    .SYNOPSIS
        Answers nothing.
    #>
    param (
        # first
        $First = 'it''s # no comment', # a comment: "
        $Second = "with `"quotes`" and a (#)" `
            -replace '^<#', '"'
    )
    $text = @'
    # a line of text
  '@ not yet
'@
    "$(@{ a = 1 }["a"]) b"
}
"""
COMPACT = """#Requires -Version 5.1
Function Get-Nothing {
param (
$First = 'it''s # no comment', # a comment: "
$Second = "with `"quotes`" and a (#)" `
-replace '^<#', '"'
)
$text = @'
    # a line of text
  '@ not yet
'@
"$(@{ a = 1 }["a"]) b"
}
"""


def test_lines_of_comment_and_indentation_go_and_everything_else_stays() -> None:
    assert compact(TEXT) == COMPACT


def test_what_is_compact_stays_so() -> None:
    assert compact(COMPACT) == COMPACT


@pytest.mark.parametrize(
    "text",
    [
        '  $a = "one\n  two"\n',
        "  $a = 'one\n  two'\n",
        "  $a <# why #> = 1\n",
        "  <# why #> $a = 1\n",
        "  <#\n  why #> $a = 1\n",
        "  <# why\n",
        "  $a = @'\n  text\n",
        "  Get-Date\n# SIG # Begin signature block\n# AAAA\n",
    ],
)
def test_a_script_that_is_not_understood_stays_as_it_is(text: str) -> None:
    assert compact(text) == text


@pytest.mark.parametrize(
    "script",
    [
        "executor/powershell/exec_wrapper.ps1",
        "executor/powershell/module_wrapper.ps1",
        "module_utils/powershell/Ansible.ModuleUtils.AddType.psm1",
    ],
)
def test_ansibles_own_scripts_are_understood(script: str) -> None:
    text = files("ansible").joinpath(script).read_text("utf-8")
    assert len(compact(text)) < 0.63 * len(text)
