"""The README's code is that of the examples, which the tests run."""

from __future__ import annotations

import re

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)]


def test_javascript_is_that_of_the_example() -> None:
    page = (ROOT / "examples" / "plain_client.html").read_text(encoding="utf-8")
    script = re.search(r'<script type="module">\n(.*?)</script>', page, re.DOTALL)
    assert script is not None
    assert blocks("js") == [script.group(1).strip()]


def test_python_is_that_of_the_example() -> None:
    example = (ROOT / "examples" / "plain_client.py").read_text(encoding="utf-8")
    _docstring, code = example.removeprefix('"""').split('"""\n', maxsplit=1)
    assert code.strip() in blocks("python")
