"""Made-up configuration files in all the shapes that people and tools give them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from tests.webconfig.editing import DECRYPTION_KEY, VALIDATION_KEY

ENCODINGS = {
    "UTF-8": ("", "utf-8", b""),
    "UTF-8 with a mark": ("utf-8", "utf-8", b"\xef\xbb\xbf"),
    "UTF-16 little endian": ("utf-16", "utf-16-le", b"\xff\xfe"),
    "UTF-16 big endian": ("", "utf-16-be", b"\xfe\xff"),
    "Windows-1252": ("Windows-1252", "cp1252", b""),
}
VALUES = st.sampled_from(["", "x", "Größe €", "a&b<c>d", "it's", 'say "x"', "  two  spaces ", "/>", "]]>", "${env}"])
NAMES = st.sampled_from(["appSettings", "add", "pages", "system.webServer", "x-y.z"])
MISC = st.sampled_from(
    ["", "<!-- comment -->", "<!-- <machineKey/> -->", "<?tool machineKey='1'?>", "<!--\nlines\n-->", "<![CDATA[ ]]>"]
)


@dataclass(frozen=True, slots=True)
class Style:
    """How one author writes XML."""

    encoding: str
    newline: str
    """Empty for a document on one line."""
    unit: str
    quote: str
    before_slash: str
    one_attribute_per_line: bool
    numeric: bool
    """Whether letters of values are written as character references."""


STYLES = st.builds(
    Style,
    encoding=st.sampled_from(sorted(ENCODINGS)),
    newline=st.sampled_from(["\n", "\r\n", "\r", "mixed", ""]),
    unit=st.sampled_from(["  ", "    ", "\t", ""]),
    quote=st.sampled_from("\"'"),
    before_slash=st.sampled_from(["", " "]),
    one_attribute_per_line=st.booleans(),
    numeric=st.booleans(),
)


@dataclass(frozen=True, slots=True)
class Tree:
    """An element to be written, with something that is no element before its children."""

    name: str
    attributes: Mapping[str, str]
    children: Sequence["Tree"] = ()
    misc: str = ""


def trees(names: st.SearchStrategy[str], children: st.SearchStrategy[list[Tree]]) -> st.SearchStrategy[Tree]:
    attributes = st.dictionaries(st.sampled_from(["key", "value", "type", "enabled"]), VALUES, max_size=3)
    return st.builds(Tree, names, attributes, children, MISC)


OTHERS = st.lists(trees(NAMES, st.lists(trees(NAMES, st.just([])), max_size=2)), max_size=3)
MACHINE_KEYS = st.fixed_dictionaries(
    {},
    optional={
        "validation": st.sampled_from(["HMACSHA256", "SHA1", " HMACSHA256 ", "it's"]),
        "decryption": st.sampled_from(["AES", "Auto", "a&b"]),
        "compatibilityMode": st.sampled_from(["Framework45", "Framework20SP1"]),
        "validationKey": st.sampled_from([VALIDATION_KEY, VALIDATION_KEY.lower(), "AutoGenerate", "AB"]),
        "decryptionKey": st.sampled_from([DECRYPTION_KEY, f" {DECRYPTION_KEY}", "AutoGenerate,IsolateApps"]),
        "applicationName": st.sampled_from(["", "x"]),
        "unknown": VALUES,
    },
).flatmap(lambda attributes: st.permutations(list(attributes.items())).map(dict))


@st.composite
def configurations(draw: st.DrawFn) -> Tree:
    """Draw a web.config with or without the sections that keydeploy edits."""
    machine_key = draw(st.none() | st.builds(Tree, st.just("machineKey"), MACHINE_KEYS))
    group = draw(st.none() | trees(st.just("system.web"), OTHERS))
    children = draw(OTHERS)
    if group is not None or machine_key is not None:
        inside = [*(group.children if group else ()), *([machine_key] if machine_key else [])]
        index = draw(st.integers(0, len(children)))
        children.insert(index, Tree("system.web", {}, inside, group.misc if group else ""))
    elsewhere = Tree("location", {"path": "sub"}, [Tree("system.web", {}, [Tree("machineKey", {"validation": "MD5"})])])
    first = draw(st.lists(trees(st.just("configSections"), st.just([])), max_size=1))
    return Tree("configuration", {}, [*first, *children, *draw(st.sampled_from([[], [elsewhere]]))], draw(MISC))


def written(tree: Tree, style: Style) -> bytes:
    """Answer the file that an author of that *style* writes."""
    declared, codec, mark = ENCODINGS[style.encoding]
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{declaration}\n{_element(tree, style, 0)}\n" if declaration else f"{_element(tree, style, 0)}\n"
    return mark + _with_line_ends(text, style.newline).encode(codec)


def _element(tree: Tree, style: Style, depth: int) -> str:
    indent, inner = style.unit * depth, style.unit * (depth + 1)
    separator = f"\n{inner}" if style.one_attribute_per_line else " "
    tag = tree.name + "".join(separator + _attribute(name, tree.attributes[name], style) for name in tree.attributes)
    lines = [f"{inner}{tree.misc}"] if tree.misc else []
    lines += [f"{inner}{_element(child, style, depth + 1)}" for child in tree.children]
    if not lines:
        return f"<{tag}{style.before_slash}/>"
    return "\n".join([f"<{tag}>", *lines, f"{indent}</{tree.name}>"])


def _attribute(name: str, value: str, style: Style) -> str:
    written = "".join(_character(each, style) for each in value)
    return f"{name}={style.quote}{written}{style.quote}"


def _character(character: str, style: Style) -> str:
    if character == style.quote or (style.numeric and character.isalpha()):
        return f"&#{ord(character)};"
    return escape(character)


def _with_line_ends(text: str, newline: str) -> str:
    if newline == "mixed":
        lines = text.split("\n")
        return "".join(line + "\r\n" * (index % 2) + "\n" * (1 - index % 2) for index, line in enumerate(lines[:-1]))
    return text.replace("\n", newline or " ")
