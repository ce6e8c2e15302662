"""What the vector finds is read: ranked anew letter by letter, the same however deep one looks."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from ingest.catalogue.ids import word_id
from ingest.catalogue.records import Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.engine.find import find
from search.engine.query import CropExample, Query, WordExample
from search.engine.reading import READ
from search.index import Point

FREQUENT = 0.9 - 0.0002 * np.arange(700)
"""Cosines: those of the 128th and the 512th word still speak for it."""
RARE = np.maximum(0.9 - 0.005 * np.arange(700), 0.2 - 0.0001 * np.arange(700))
"""Those of all but the first 60 speak against it."""
WORD = "ressasser"
"""Seen as it is read, as it is the same from behind."""


@pytest.fixture(params=["typed", "example"])
def query(request: pytest.FixtureRequest, picture) -> Query:
    """What is looked for in the two ways in which the words found are read."""
    return Query(WORD) if request.param == "typed" else Query(positive=(CropExample(picture(WORD)),))


def write(library, cosines: np.ndarray, readings: Sequence[bytes]) -> list[str]:
    """Words with such cosines to WORD and such readings, on one page; their ids."""
    [asked] = library.engine.text_vectors([(WORD,)])
    rng, side = np.random.default_rng(0), np.zeros((len(cosines), 256), np.float32)
    side += rng.standard_normal(side.shape)
    side -= (side @ asked)[:, None] * asked
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    vectors = (cosines[:, None] * asked + np.sqrt(1 - cosines**2)[:, None] * side).astype(np.float32)
    catalogue, space = library.catalogue, library.engine.embedder.space
    owner = catalogue.add_collection("c")
    catalogue.use_space(space.key, space.model, space.digest, space.dimension)
    info = SourceInfo("/d", "pdf", "d", "0" * 64)
    document = catalogue.list_document(owner.id, info, [PageRef(1, "1")], base_url="http://here")
    [page] = catalogue.claim_pages("test", 1, [document.document_id])
    drafts = tuple(
        DraftWord(Region(20 * (i % 30), 70 * (i // 30), 15, 50), i // 30, i % 30) for i in range(len(cosines))
    )
    ids = [word_id(page.page_id, page.digest, draft.region, "s") for draft in drafts]
    place = (owner.id, document.document_id, page.page_id, page.claim, page.number)
    library.index.upsert(
        [
            Point(UUID(word), vector, *place, reading=reading)
            for word, vector, reading in zip(ids, vectors, readings, strict=True)
        ]
    )
    assert catalogue.finish_page(
        page.page_id, page.claim, Draft("k", (600, 2_100), (600, 2_100), "s", drafts), space.key
    )
    return ids


def some_right(reading, count: int) -> list[bytes]:
    """Every third one reads as asked, the others like nothing of the kind."""
    return [reading("fleuve" if i % 3 else WORD) for i in range(count)]


def test_the_reading_puts_right_what_the_vector_ranks_first(read_library) -> None:
    words = read_library.write("c", "d", "maire eriam fleuve")
    [vector] = read_library.engine.text_vectors([("maire", "Maire")])
    assert str(read_library.index.query(vector, limit=1)[0].id) == words["eriam"]
    first, second, *_ = find(read_library.engine, Query("maire")).hits
    assert (first.word, second.word) == (words["maire"], words["eriam"])
    assert first.confidence > 0.9 and second.confidence < 0.1 and first.score < second.score


def test_case_marks_and_exact_spellings_are_read_alike(read_library) -> None:
    words = read_library.write("c", "d", "ete teE eet")
    for text in ("été", "ETE", "=ete", "ete OR fleuve"):
        assert find(read_library.engine, Query(text)).hits[0].word == words["ete"], text


def test_words_without_a_reading_are_judged_by_their_vectors(read_library, query: Query) -> None:
    ids = write(read_library, RARE, [b""] * len(RARE))
    read = find(read_library.engine, replace(query, limit=200)).hits
    assert [hit.word for hit in read] == ids[:200]
    read_library.engine.reads = False
    by_vector = find(read_library.engine, replace(query, limit=200)).hits
    assert [hit.confidence for hit in read] == pytest.approx([hit.confidence for hit in by_vector])


def test_some_words_with_a_reading_stand_beside_some_without(read_library, reading, query: Query) -> None:
    right = reading(WORD)
    ids = write(read_library, np.array([0.95, 0.9, 0.7, 0.2]), [reading("fleuve"), b"", right, right])
    hits = find(read_library.engine, query).hits
    assert [hit.word for hit in hits] == [ids[2], ids[1], ids[3], ids[0]]


@pytest.mark.parametrize("cosines", [FREQUENT, RARE], ids=["frequent", "rare"])
def test_pages_fit_together_and_confidence_falls(read_library, reading, query: Query, cosines: np.ndarray) -> None:
    ids = write(read_library, cosines, some_right(reading, len(cosines)))
    engine = read_library.engine
    at_once = find(engine, replace(query, limit=len(ids))).hits
    by_offset = [
        hit for start in range(0, 700, 37) for hit in find(engine, replace(query, limit=37, offset=start)).hits
    ]
    by_cursor, after = list(at_once[:0]), None
    while len(by_cursor) < len(ids):
        part = find(engine, replace(query, limit=53, after=after, facets=("page",)))
        by_cursor, after = [*by_cursor, *part.hits], part.next
    assert sorted(hit.word for hit in at_once) == sorted(ids)
    for found in (by_offset, by_cursor):
        assert [(hit.word, hit.confidence) for hit in found] == [(hit.word, hit.confidence) for hit in at_once]
    assert all(before.confidence > after.confidence for before, after in pairwise(at_once))


def test_behind_unlikely_words_nothing_comes_before_what_was_read(read_library, reading, query: Query) -> None:
    ids = write(read_library, RARE, some_right(reading, len(RARE)))
    found = [hit.word for hit in find(read_library.engine, replace(query, limit=len(ids))).hits]
    assert sorted(found[:READ]) == sorted(ids[:READ]) and found[READ:] == ids[READ:]
    assert found[:43] == ids[:READ:3]


def test_a_frequent_word_goes_on_behind_those_that_read_like_it(read_library, reading, query: Query) -> None:
    ids = write(read_library, FREQUENT, some_right(reading, len(FREQUENT)))
    found = find(read_library.engine, replace(query, limit=len(ids)))
    words = [hit.word for hit in found.hits]
    assert words[:43] == ids[:READ:3], "those that were read as it"
    assert words[43 : 43 + 700 - READ] == ids[READ:], "what was not read"
    assert sorted(words[43 + 700 - READ :]) == sorted(set(ids[:READ]) - set(ids[:READ:3])), "those read as others"
    total = find(read_library.engine, replace(query, limit=5, facets=("page",))).total
    assert total.exact and total.hits == sum(hit.confidence >= 0.5 for hit in found.hits) > 400


def test_a_word_of_the_index_is_read_as_an_example_where_it_has_a_reading(read_library, reading) -> None:
    right, other = reading(WORD), reading("fleuve")
    ids = write(read_library, np.array([0.9, 0.8, 0.1, 0.2]), [right, other, right, b""])
    found = find(read_library.engine, Query(positive=(WordExample(ids[0]),))).hits
    assert [hit.word for hit in found[:2]] == [ids[0], ids[2]] and found[1].confidence > found[2].confidence
    read_library.index.delete_ids([UUID(ids[2])])
    unread = find(read_library.engine, Query(positive=(WordExample(ids[3]),))).hits
    scores = [hit.score for hit in unread]
    assert unread[0].word == ids[3] and scores == sorted(scores, reverse=True), "as the vectors say"


def test_words_of_phrases_and_pages_are_read(read_library) -> None:
    words = read_library.write("c", "d", "al nosiam ud\nla maison du", "eriam eviron", "maire rivoe")
    assert find(read_library.engine, Query('"la~ maison~ du~"')).hits[0].word == words["al"], "as their vectors say"
    first, *others = find(read_library.engine, Query('"la maison du"')).hits
    assert [part.word for part in first.parts] == [words["la"], words["maison"], words["du"]]
    assert first.confidence > 0.9 and all(other.confidence < 0.1 for other in others)
    assert [hit.page.number for hit in find(read_library.engine, Query("maire rivoe")).hits][:1] == [3]


def test_a_phrase_of_words_without_a_reading_is_judged_by_their_vectors(read_library) -> None:
    write(read_library, FREQUENT, [b""] * len(FREQUENT))
    query = Query(f'"{WORD} {WORD}"', limit=50)
    read = [(hit.word, hit.confidence) for hit in find(read_library.engine, query).hits]
    read_library.engine.reads = False
    assert read == [(hit.word, hit.confidence) for hit in find(read_library.engine, query).hits]


@pytest.mark.parametrize("cosines", [FREQUENT, RARE], ids=["frequent", "rare"])
def test_pages_of_a_phrase_fit_together(read_library, reading, cosines: np.ndarray) -> None:
    readings, rng = some_right(reading, len(cosines)), np.random.default_rng(0)
    write(read_library, rng.permutation(cosines), [readings[i] for i in rng.permutation(len(readings))])
    query = Query(f'"{WORD} {WORD}"')
    at_once = find(read_library.engine, replace(query, limit=1_000)).hits
    by_cursor, after = list(at_once[:0]), None
    while len(by_cursor) < len(at_once):
        part = find(read_library.engine, replace(query, limit=31 if cosines is FREQUENT else 3, after=after))
        by_cursor, after = [*by_cursor, *part.hits], part.next
    assert [(hit.word, hit.confidence) for hit in by_cursor] == [(hit.word, hit.confidence) for hit in at_once]
    assert len(at_once) > 5 and all(before.confidence >= after.confidence for before, after in pairwise(at_once))


def test_several_examples_and_loose_words_are_found_by_vector_alone(
    read_library, picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = read_library.write("c", "d", "maire eriam fleuve\nla maison du maire")
    asked: list[object] = []
    monkeypatch.setattr(
        "search.engine.reading.fits", lambda readings, strings: asked.append(strings) or np.zeros(len(readings))
    )
    example = WordExample(words["maire"])
    for query in (
        Query("maire~"),
        Query('"la~ maison~"'),
        Query("maire~ fleuve~"),
        Query(positive=(example, WordExample(words["fleuve"]))),
        Query(positive=(example,), negative=(CropExample(picture("fleuve")),)),
        Query("maire", positive=(example,)),
        Query("maire", negative=(CropExample(picture("fleuve")),)),
        Query("?!"),
        Query("\N{GREEK SMALL LETTER OMEGA}"),
    ):
        find(read_library.engine, query)
        assert not asked, query
    find(read_library.engine, Query("maire"))
    find(read_library.engine, Query(positive=(example,)))
    assert asked[0] == {"maire": 1.0} and next(iter(asked[1])) == "maire" and len(asked[1]) > 1
