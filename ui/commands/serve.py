"""`manuspect serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.commands.opening import open_settings


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8501,
    only_iiif: Annotated[bool, typer.Option("--only-iiif", help="The IIIF services without the portal.")] = False,
) -> None:
    """Open the portal and the IIIF services, until interrupted."""
    settings = open_settings()
    from ui.serve import serve as serve_portal

    serve_portal(settings, host, port, only_iiif=only_iiif)
