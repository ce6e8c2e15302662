"""What people type to describe documents: KEY=VALUE."""

from __future__ import annotations

from infra.errors import UsageError

Detail = tuple[str, str | int | float]


def parse_detail(text: str) -> Detail:
    """KEY=VALUE; a value that is a number is one, so that ranges can be asked for. Raises UsageError."""
    key, separator, value = (part.strip() for part in text.partition("="))
    if not separator or not key:
        raise UsageError(f"{text.strip()!r} is not KEY=VALUE.")
    for number in (int, float):
        try:
            return key, number(value)
        except ValueError:
            continue
    return key, value


def parse_details(text: str) -> tuple[Detail, ...]:
    """Several of them, with semicolons between. Raises UsageError."""
    return tuple(parse_detail(part) for part in text.split(";") if part.strip())
