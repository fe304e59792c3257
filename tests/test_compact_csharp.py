"""How C# is written so that it takes less room, and what must not change by it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.csharp import compact, joined

SOURCES = sorted((Path(__file__).parents[1] / "plugins/module_utils").glob("*.cs"))
TEXT = """//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
using System.Xml;

namespace Keydeploy
{
    /// <summary>Told to whoever reads it.</summary>
    public static class Node
    {
        // Why it is so.
        private const string Url = "http://example.com"; // a word
        private static readonly string Path = @"C:\\" + "\\"//\\"" /* two */ + '"';

        public int Number { get; private set; }

        private static int Sum(int a, int b)
        {
            return a + +b - -a + (a == -b ? 1 : 0);
        }
    }
}
"""
COMPACT = """//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;using System.Xml;\
namespace Keydeploy{public static class Node{const string Url="http://example.com";\
static readonly string Path=@"C:\\"+"\\"//\\""+'"';public int Number{get;private set;}\
static int Sum(int a,int b){return a+ +b- -a+(a==-b?1:0);}}}
"""
TOKEN = re.compile(
    r"""
      (?P<none>//[^\n]*|/\*.*?\*/|\bprivate\b)
    | @"(?:[^"]|"")*" | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)+'
    | \w+
    | <<=? | \+\+ | -- | && | \|\| | => | -> | \?\? | :: | [-+*/%&|^!=<>]=
    | \S
    """,
    re.DOTALL | re.VERBOSE,
)
"""The longest marks first, as a compiler reads them: where two came to touch, they would be another."""


def tokens(code: str) -> list[str]:
    return [found.group() for found in TOKEN.finditer(code) if not found["none"]]


def test_comments_and_needless_blanks_go_and_everything_else_stays() -> None:
    assert compact(TEXT) == COMPACT


def test_what_is_compact_stays_so() -> None:
    assert compact(COMPACT) == COMPACT


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("a - -b", "a- -b"),
        ("a + ++b", "a+ ++b"),
        ("a  +  +b", "a+ +b"),
        ("a & &b", "a& &b"),
        ("a < b > c", "a<b>c"),
        ("List<List<int> > a", "List<List<int>>a"),
        ("a ? .5 : 1", "a? .5:1"),
        ("1 .ToString()", "1 .ToString()"),
        ("a / b", "a/b"),
        ("a / *b", "a/ *b"),
        ("a ? ? b", "a? ?b"),
        ("x => - y", "x=>-y"),
        ("return @class;", "return @class;"),
        ('return @"a  b";', 'return@"a  b";'),
        ("return '\\'' ;", "return'\\'';"),
        ('"//" + "/*" // "', '"//"+"/*"'),
        ("a/* b */c", "a c"),
        ("a\n\tb\r\n;\n c", "a b;c"),
        ("privately private int private_a", "privately int private_a"),
        ("int a { private  get; set; }", "int a{private get;set;}"),
        ("a;\n#if X\n  b;\n#endif\nc;", "a;\n#if X\nb;\n#endif\nc;"),
        ("//NoWarn -Name CS0618\na;", "//NoWarn -Name CS0618\na;"),
    ],
)
def test_a_blank_stays_where_words_or_marks_would_run_together(code: str, written: str) -> None:
    assert compact(code) == f"{written}\n"


@pytest.mark.parametrize("code", ['a = "b;', "a = 'b", '"', "'", '@"a', "a \2 b", "a \0 b"])
def test_what_is_no_csharp_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"string|sign"):
        compact(code)


@given(st.text(st.sampled_from("ab1 \n\t\"'@\\/*+-<>=?:.;{}()#private")))
def test_nothing_but_blanks_changes_in_any_text(code: str) -> None:
    try:
        written = compact(code)
    except ValueError:
        return
    assert compact(written) == written


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_of_our_own_code_every_token_stays(file: Path) -> None:
    text = file.read_text("utf-8")
    assert tokens(compact(text)) == tokens(text)


def test_texts_are_joined_with_one_head() -> None:
    body = COMPACT[COMPACT.index("namespace") :]
    other = "//NoWarn -Name CS0618\nusing System.Linq;using System;namespace Keydeploy{class Other{}}\n"
    orders, *imports = (
        joined([COMPACT, other]).partition("using")[0],
        *sorted(("using System.Linq;", "using System.Xml;", "using System;")),
    )
    assert orders == f"{COMPACT.partition(chr(10))[0]}\n//NoWarn -Name CS0618\n"
    assert joined([COMPACT, other]) == f"{orders}{''.join(imports)}\n{body}namespace Keydeploy{{class Other{{}}}}\n"


@pytest.mark.parametrize("text", ["", "class A{}\n", "using A=B;\nnamespace C{}\n", "extern alias A;\nnamespace C{}\n"])
def test_a_text_that_is_more_than_imports_and_a_namespace_is_not_joined(text: str) -> None:
    with pytest.raises(ValueError, match="imports"):
        joined([COMPACT, text])
