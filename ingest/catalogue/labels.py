"""What readers said of words: that one says a text, or does not. It is learned from when the model is adapted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import join

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.tables import DocumentRow, LabelRow, PageRow, now

LONGEST_TEXT = 64
"""Characters of a label."""
_IN_DOCUMENTS = join(
    join(LabelRow, PageRow, LabelRow.page_id == PageRow.id), DocumentRow, PageRow.document_id == DocumentRow.id
)


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """Fields as in `LabelRow`."""

    word: str
    text: str
    right: bool


class Labels:
    """Every method is one transaction. Raises CatalogueError."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._db = catalogue.database

    def say(self, page: str, word: str, text: str, right: bool) -> None:
        """A word of the page of that id says the text, or does not; who speaks last is believed."""
        with self._db.write() as session:
            if session.get(PageRow, page) is not None:
                session.merge(LabelRow(word_id=word, text=text[:LONGEST_TEXT], page_id=page, right=right, said=now()))

    def unsay(self, word: str, text: str) -> None:
        """Nothing is said of the two any more."""
        with self._db.write() as session:
            row = session.get(LabelRow, (word, text[:LONGEST_TEXT]))
            if row is not None:
                session.delete(row)

    def of(self, collection: str) -> list[LabelRecord]:
        """All of the collection of that id, in the order in which they were said."""
        query = select(LabelRow).select_from(_IN_DOCUMENTS).where(DocumentRow.collection_id == collection)
        with self._db.read() as session:
            rows = session.scalars(query.order_by(LabelRow.said, LabelRow.word_id, LabelRow.text))
            return [LabelRecord(row.word_id, row.text, row.right) for row in rows]

    def counts(self) -> dict[str, int]:
        """Of how many words something is said, by the collection's id; collections without labels are absent."""
        counted = func.count(func.distinct(LabelRow.word_id))
        query = (
            select(DocumentRow.collection_id, counted).select_from(_IN_DOCUMENTS).group_by(DocumentRow.collection_id)
        )
        with self._db.read() as session:
            return {collection: words for collection, words in session.execute(query)}
