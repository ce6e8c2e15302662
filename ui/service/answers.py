"""What all answers of the service have in common."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

CORS = {"Access-Control-Allow-Origin": "*"}
"""Viewers on other sites may read; no credentials are allowed, so they see what needs no sign-in."""


def refusal(message: str, status: int) -> Response:
    """An error for machines and people: JSON with one sentence, never kept by a cache."""
    return JSONResponse({"error": message}, status, headers={**CORS, "Cache-Control": "no-store"})
