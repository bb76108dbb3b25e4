"""Writes golden sequences, which Python and TypeScript are both tested with, so that a change of one step changes one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write_sequences(path: Path, sequences: Iterable[Mapping[str, Any]]) -> None:
    """Writes sequences, each with its `steps` as the last of its keys, to a JSON file."""
    path.write_text("[\n" + ",\n".join(map(_text, sequences)) + "\n]\n", encoding="utf-8")


def _text(sequence: Mapping[str, Any]) -> str:
    head = json.dumps({key: value for key, value in sequence.items() if key != "steps"}).removesuffix("}")
    steps = ",\n    ".join(json.dumps(step) for step in sequence["steps"])
    return f'  {head}, "steps": [\n    {steps}\n  ]}}'
