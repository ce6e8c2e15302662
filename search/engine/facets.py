"""Counts of places by collection, document, page, or a metadata key of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ingest.catalogue.records import CollectionRecord, DocumentRecord
from search.engine.place import Place

Documents = Mapping[str, tuple[DocumentRecord, CollectionRecord]]
"""Document id -> records."""


def count_facets(facets: Iterable[str], places: Sequence[Place], documents: Documents) -> dict[str, dict[str, int]]:
    """Facet -> value -> places, by falling number; places without a value are not counted."""
    return {facet: _counts(_value(facet, place, documents) for place in places) for facet in facets}


def _counts(values: Iterable[object]) -> dict[str, int]:
    counts = Counter(str(value) for value in values if value is not None)
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _value(facet: str, place: Place, documents: Documents) -> object:
    if facet == "page":
        return place.page
    if facet == "document":
        return place.first.document_id
    records = documents.get(place.first.document_id)
    if records is None:
        return None
    return records[1].name if facet == "collection" else records[0].details.get(facet)
