"""`manuspect train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ui.commands.opening import open_settings
from ui.commands.showing import print_json


def train(
    data: Annotated[
        Path, typer.Argument(help="Folder of Parquet files with columns `image` and `text`: train-*, heldout-*.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; the same folder goes on.")],
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, help="Length of the whole run.")] = 60.0,
    fonts: Annotated[Path | None, typer.Option("--fonts", help="Folder of font files, for synthetic words.")] = None,
    pages: Annotated[Path | None, typer.Option("--pages", help="Folder of pages with PAGE XML to learn from.")] = None,
    start: Annotated[Path | None, typer.Option("--start", help="Weights to start from.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as one JSON object.")] = False,
) -> None:
    """Train the handwriting model; killed or interrupted, the same command goes on."""
    settings = open_settings()
    from dataclasses import asdict

    from search.training.config import TrainingConfig
    from search.training.loop import train as train_model

    device: Literal["auto", "cpu", "cuda"] = "cpu" if settings.device == "mps" else settings.device
    config = TrainingConfig(data=data, out=out, minutes=minutes, fonts=fonts, pages=pages, start=start, device=device)
    result = asdict(train_model(config))
    if as_json:
        print_json({name: str(value) if isinstance(value, Path) else value for name, value in result.items()})
    else:
        for name, value in result.items():
            print(f"{name:14} {value}")
