"""How an attempt to adapt the model to a collection ended, or how far it is, for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.catalogue.adaptations import AdaptationRecord


def verdict(record: AdaptationRecord) -> str:
    """How an attempt ended, or how far it is, in a sentence."""
    state = str(record.state)
    if state == "live":
        return f"a model of its own answers since {record.started:%Y-%m-%d}: {_gains(record.report)}"
    if state in ("refused", "failed"):
        return f"{state}: {record.reason}"
    if state == "retired":
        return "the shared model answers again"
    return f"under way, {record.progress:.0%} ({record.doing or state})"


def _gains(report: Mapping[str, Any]) -> str:
    found = report["verdict"]
    parts = {"by string": "by_string", "by example": "by_example"}
    told = [f"search {name} {found[key][0]:.0%} to {found[key][1]:.0%}" for name, key in parts.items()]
    return f"{', '.join(told)} on words kept aside, by its own estimate."
