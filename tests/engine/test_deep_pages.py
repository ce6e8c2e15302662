"""Paging as deep as anyone goes, against brute force."""

from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from ingest.catalogue.ids import word_id
from ingest.catalogue.records import Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.engine.find import find
from search.engine.query import Query
from search.index import Point

WORDS, PAGES, DEPTH, STEP = 12_000, 40, 10_000, 1_000


@dataclass
class Written:
    """Words by brute force: best first, ties by id."""

    ids: list[str]
    similarities: dict[str, float]


@pytest.fixture
def written(library) -> Written:
    """Random vectors, every tenth of them one of five, so that there are ties everywhere."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((WORDS, 256)).astype(np.float32)
    vectors[::10] = vectors[rng.integers(0, 5, WORDS // 10)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    catalogue, space = library.catalogue, library.engine.embedder.space
    owner = catalogue.add_collection("c")
    refs = [PageRef(number, str(number)) for number in range(1, PAGES + 1)]
    catalogue.use_space(space.key, space.model, space.digest, space.dimension)
    document = catalogue.list_document(owner.id, SourceInfo("/d", "pdf", "d", "0" * 64), refs, base_url="http://here")
    drafts = tuple(
        DraftWord(Region(20 * (i % 10), 70 * (i // 10), 15, 50), i // 10, i % 10) for i in range(WORDS // PAGES)
    )
    ids: list[str] = []
    for page in catalogue.claim_pages("test", PAGES, [document.document_id]):
        here = [word_id(page.page_id, page.digest, draft.region, "s") for draft in drafts]
        rows = vectors[len(ids) : len(ids) + len(here)]
        library.index.upsert(
            [
                Point(UUID(word), row, owner.id, document.document_id, page.page_id, page.claim, page.number)
                for word, row in zip(here, rows, strict=True)
            ]
        )
        assert catalogue.finish_page(
            page.page_id, page.claim, Draft("k", (200, 2_100), (200, 2_100), "s", drafts), space.key
        )
        ids += here
    library.index.optimize()
    [vector] = library.engine.text_vectors([("maison", "Maison")])
    similarities = dict(zip(ids, (vectors @ vector).tolist(), strict=True))
    return Written(sorted(ids, key=lambda word: (-similarities[word], word)), similarities)


def test_all_pages_together_are_the_exact_ranking(library, written) -> None:
    by_offset = [
        hit.word
        for offset in range(0, DEPTH, STEP)
        for hit in find(library.engine, Query("maison", limit=STEP, offset=offset)).hits
    ]
    by_cursor, after = [], None
    while len(by_cursor) < DEPTH:
        part = find(library.engine, Query("maison", limit=STEP, after=after))
        by_cursor += [hit.word for hit in part.hits]
        after = part.next
    assert by_cursor == by_offset
    assert len(set(by_offset)) == DEPTH
    assert set(by_offset) == set(written.ids[:DEPTH])
    found = [written.similarities[word] for word in by_offset]
    exact = [written.similarities[word] for word in written.ids[:DEPTH]]
    rises = sum(after > before + 1e-6 for before, after in pairwise(found))
    assert rises <= 1, "what the graph missed stands together, after what it found; all else is in order"
    assert found[400:] == pytest.approx(exact[400:], abs=1e-6), "by then nothing is missing"
