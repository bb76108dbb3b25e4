"""What a call came to, in a form that two implementations can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def outcome_of(function: Callable[[], object]) -> tuple[str, str]:
    """The type and the text of the call's value or error."""
    try:
        value = function()
    except Exception as error:  # noqa: BLE001 - any error is an outcome
        return type(error).__name__, str(error)
    return type(value).__name__, repr(value)
