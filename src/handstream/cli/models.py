"""`handstream models`: which networks there are on this machine, and getting those that are missing."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from handstream.errors import HandstreamError
from handstream.vision.models import MODELS, Model, fetch_models, find_model, models_dir

__all__ = ["app"]

_WIDTH_WITHOUT_TERMINAL = 1000

app = typer.Typer(help="The networks' weights: list them, fetch them, say where they are.", no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """List the model files, and where each is found on this machine."""
    table = Table("model", "complexity", "bytes", "SHA-256", box=None)
    # Folded and never cut: a path is there to be copied.
    table.add_column("found", overflow="fold")
    table.columns[0].no_wrap = True
    for model in MODELS:
        complexity = ("0 (lite)", "1 (full)")[model.model_complexity]
        table.add_row(model.file_name, complexity, f"{model.size_bytes:,}", model.sha256[:12], _where(model), style=None)
    console = Console()
    # A file or a pipe has no width; there each model keeps to one line.
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    console.print(table)


@app.command()
def fetch() -> None:
    """Get every model file that is missing or broken into the cache. Afterwards no network is needed."""
    for path in fetch_models():
        typer.echo(path)


@app.command("path")
def models_path() -> None:
    """Print the cache folder that holds the model files."""
    typer.echo(models_dir())


def _where(model: Model) -> str:
    try:
        path = find_model(model)
    except HandstreamError:
        return "broken; mend it with: handstream models fetch"
    return "missing; get it with: handstream models fetch" if path is None else str(path)
