"""`manuspect evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import InputError, UsageError
from ui.commands.opening import open_context, open_settings
from ui.commands.showing import print_json

if TYPE_CHECKING:
    from search.evaluation.pages_boxes import BoxCounts

app = typer.Typer(help="Measure how well words are found, on data whose text is known.", no_args_is_help=True)


@app.command("words")
def words(
    path: Annotated[Path, typer.Argument(help="Parquet file with columns `image` (encoded) and `text`.")],
    examples: Annotated[int, typer.Option("--examples", min=0, help="Most queries by example; 0: all.")] = 2000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Query by string and by example over word pictures: mean average precision, Almazan protocol."""
    with open_context() as context:
        from search.evaluation.words import evaluate_words

        report = evaluate_words(path, context.embedder, max_example_queries=examples or None)
    if as_json:
        print(report.to_json())
        return
    for name in (
        "qbs_map",
        "qbs_map_interval",
        "qbs_read_map",
        "qbs_read_map_interval",
        "qbe_map",
        "qbe_map_interval",
        "qbe_read_map",
        "qbe_read_map_interval",
        "top1",
    ):
        print(f"{name:22} {_shown(getattr(report, name))}")
    print(f"{report.words} words, {report.queries} queries by string, {report.example_queries} by example")


@app.command("pages")
def pages(
    path: Annotated[Path, typer.Argument(help="Folder of page images, each with a PAGE or ALTO file of its name.")],
    adapt: Annotated[
        float, typer.Option("--adapt", metavar="MINUTES", min=0.0, help="Learn their hand first, for so long.")
    ] = 0.0,
    boxes: Annotated[
        bool,
        typer.Option("--boxes", help="Only find the words: a table by collection, two readings and one."),
    ] = False,
    draw: Annotated[
        Path | None, typer.Option("--draw", metavar="FOLDER", help="With --boxes: draw what was found and missed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Ingest pages into a scratch home, ask every word of their text, and compare the boxes."""
    if boxes:
        return _boxes(path, draw, as_json)
    if draw is not None:
        raise UsageError("--draw goes with --boxes")
    with open_context() as context:
        from search.evaluation.pages import evaluate_pages
        from ui.scratch import ingest_to_scratch

        report = evaluate_pages(path, lambda images: ingest_to_scratch(context, images, adapt), context.settings)
    measured = {name: getattr(report, name) for name in _PAGES_KEYS}
    if as_json:
        print_json({**measured, "failures": _described(report.failures)})
    else:
        for name, value in measured.items():
            print(f"{name:22} {_shown(value)}")
    return _ended(report.failures, as_json)


def _boxes(path: Path, draw: Path | None, as_json: bool) -> int:
    from search.evaluation.pages_segmented import evaluate_segmenters, table

    report = evaluate_segmenters(path, open_settings(), draw=draw)
    if as_json:
        counts = {
            name: {collection: _box_shares(count) for collection, count in by_collection.items()}
            for name, by_collection in report.counts.items()
        }
        print_json({**counts, "failures": _described(report.failures)})
    else:
        print(table(report.counts))
    return _ended(report.failures, as_json)


def _box_shares(count: BoxCounts) -> dict[str, object]:
    return {
        "word_recall_25": count.recall(0),
        "word_recall_50": count.recall(1),
        "word_precision_50": count.precision(1),
        "line_recall": count.line_recall,
        "seconds_per_page": count.seconds / max(1, count.pages),
        "pages": count.pages,
        "words": count.truth,
    }


def _ended(failures: Sequence[InputError], as_json: bool) -> int:
    """Exit code; failures are told on standard error unless they are in the JSON."""
    for failure in () if as_json else failures:
        typer.echo(f"failed: {failure.input}: {type(failure).__name__}: {failure.reason}", err=True)
    return 3 if failures else 0


def _described(failures: Sequence[InputError]) -> list[dict[str, object]]:
    return [
        {"input": failure.input, "page": failure.page, "error": type(failure).__name__, "reason": failure.reason}
        for failure in failures
    ]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " to ".join(_shown(end) for end in value)
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


_PAGES_KEYS = (
    "line_map",
    "line_ap",
    "page_map",
    "page_ap",
    "word_recall_25",
    "word_recall_50",
    "word_precision_50",
    "line_recall",
    "seconds_per_page",
    "pages",
    "queries",
    "line_map_interval",
    "page_map_interval",
    "phrase_map",
    "phrase_map_interval",
    "phrase_queries",
    "multiword_map",
    "multiword_map_interval",
    "multiword_queries",
)
