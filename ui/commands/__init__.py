"""One module a command. They import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

import typer

from ui.commands import (
    access,
    adapt,
    doctor,
    evaluate,
    export,
    find,
    reindex,
    retry,
    rm,
    serve,
    status,
    take_in,
    train,
    worker,
)


def register(app: typer.Typer) -> None:
    """Add every command, in the order in which `--help` shows them."""
    app.command("ingest", no_args_is_help=True)(take_in.ingest)
    app.command("status")(status.status)
    app.command("retry")(retry.retry)
    app.command("search")(find.search)
    app.command("export")(export.export)
    app.add_typer(evaluate.app, name="evaluate")
    app.command("train", no_args_is_help=True)(train.train)
    app.command("adapt", no_args_is_help=True)(adapt.adapt)
    app.command("reindex")(reindex.reindex)
    app.command("rm", no_args_is_help=True)(rm.rm)
    app.command("access", no_args_is_help=True)(access.access)
    app.command("serve")(serve.serve)
    app.command("worker")(worker.worker)
    app.command("watch")(worker.watch)
    app.command("pause")(worker.pause)
    app.command("resume")(worker.resume)
    app.command("cancel")(worker.cancel)
    app.command("doctor")(doctor.doctor)
