"""Files that cannot be parsed: nothing of them is copied but where and why they are refused."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import DocumentError
from keydeploy.rehearsal.refused import refused_as
from keydeploy.webconfig.document import parse
from tests.observation.farm import PASSWORD

law = settings(max_examples=100, deadline=None, derandomize=True, database=None)
DECLARED = '<?xml version="1.0" encoding="{}"?>'
LINES = f'<configuration>\r\n  <add key="password" value="{PASSWORD}" />\n\t'


def refusal(content: bytes) -> str:
    with pytest.raises(DocumentError) as error:
        parse(content)
    return error.value.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \r\n ",
        LINES.encode(),
        f"{LINES}</configuratio>".encode(),
        f"{LINES}<a".encode(),
        f"{LINES}<a b='1' b='2'/></configuration>".encode(),
        f"{LINES}<a b=1/></configuration>".encode(),
        f"{LINES}<a b='<'/></configuration>".encode(),
        f"{LINES}&password;</configuration>".encode(),
        f"{LINES}& </configuration>".encode(),
        f"{LINES}&#0;</configuration>".encode(),
        f"{LINES}<p:a/></configuration>".encode(),
        f"{LINES}<![CDATA[ </configuration>".encode(),
        f"{LINES}<!-- -- --></configuration>".encode(),
        f"{LINES}</configuration><a/>".encode(),
        f"{LINES}</configuration>{PASSWORD}".encode(),
        f"\n{DECLARED.format('utf-8')}{LINES}</configuration>".encode(),
        f"<!DOCTYPE a [<!ENTITY p '{PASSWORD}'>]><a>&p;</a>".encode(),
        f"<!-- -->\n <!DOCTYPE a><a>{PASSWORD}</a>".encode(),
        f"{DECLARED.format('utf-8').replace('1.0', '1.1')}<a/>".encode(),
        codecs.BOM_UTF8 * 2 + b"<a/>",
        codecs.BOM_UTF8 + f"{DECLARED.format('utf-16')}<a>{PASSWORD}</a>".encode(),
        f"{DECLARED.format('utf-16')}<a>{PASSWORD}</a>".encode(),
        f"{DECLARED.format('nowhere-known')}<a>{PASSWORD}</a>".encode(),
        f"{DECLARED.format('iso-2022-jp')}<a>{PASSWORD}</a>".encode(),
        f"<a>{PASSWORD}</a>".encode("utf-16-le"),
        f"<a>{PASSWORD}".encode() + b"\xe9</a>",
        codecs.BOM_UTF8 + f"<a>{PASSWORD}".encode() + b"\xe9</a>",
        codecs.BOM_UTF16_LE + f"<a>{PASSWORD}".encode("utf-16-le") + b"\0\xdc<\0",
        codecs.BOM_UTF16_LE + f"<a>{PASSWORD}</a>".encode("utf-16-le") + b"<",
        codecs.BOM_UTF16_BE + f"<a>{PASSWORD}".encode("utf-16-be") + b"\xdc\0\0<",
        f"{DECLARED.format('us-ascii')}<a>{PASSWORD}é</a>".encode(),
        f"{DECLARED.format('windows-1252')}<a>{PASSWORD}".encode() + b"\x81</a>",
    ],
)
def test_the_copy_is_refused_at_the_same_place_for_the_same_reason(content: bytes) -> None:
    copy = refused_as(content)

    assert copy is not None
    assert refusal(copy) == refusal(content)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert PASSWORD.encode(encoding) not in copy


@law
@given(st.binary(max_size=200) | st.text("<>/&;='\"![]-? ab\n", max_size=60).map(str.encode))
def test_whatever_is_refused_has_a_copy_that_is_refused(content: bytes) -> None:
    try:
        parse(content)
    except DocumentError:
        copy = refused_as(content)
        assert copy is not None
        assert refusal(copy)
    else:
        assert refused_as(content) is None
