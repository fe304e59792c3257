"""What comes of a module that printed something else than an answer."""

import pytest

from keydeploy.errors import NodeError
from plugins.plugin_utils.windows import _answer

CONSTRAINED = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
MALICIOUS = "This script contains malicious content and has been blocked by your antivirus software."
SECRET = "Marked-Secret"


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"module_stdout": "", "module_stderr": CONSTRAINED}, "constrained language mode"),
        ({"module_stdout": SECRET, "module_stderr": f"{MALICIOUS} {SECRET}"}, "antivirus"),
        ({"failed": True, "msg": "Failed to compile C# code: error CS0246"}, "could not compile"),
        ({"failed": True, "msg": SECRET}, "the connection failed"),
    ],
)
def test_what_powershell_says_is_explained_in_our_own_words(result: dict[str, object], told: str) -> None:
    with pytest.raises(NodeError, match=told) as caught:
        _answer(result, "web1", 5986)
    assert SECRET not in str(caught.value) + str(caught.value.hint)


def test_a_part_of_an_answer_is_none() -> None:
    assert _answer({"module_stdout": '{"contract": 1, "resu', "module_stderr": ""}, "web1", 5986) == ""


def test_of_a_result_only_the_answer_counts() -> None:
    result = {"contract": 1, "results": [], "invocation": {"module_args": SECRET}, "warnings": [SECRET]}
    assert _answer(result, "web1", 5986) == '{"contract": 1, "results": []}'
