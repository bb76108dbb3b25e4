"""`python -m handstream` is the command `handstream`."""

from __future__ import annotations

from handstream.cli import main

main()
