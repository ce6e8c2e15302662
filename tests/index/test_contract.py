"""What every vector index keeps: the contract in `search/index/vector_index.py`."""

import uuid
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from search.index import IndexFilter, Point, VectorIndex

DIMENSION = 16
Make = Callable[..., list[Point]]


def ranking(stored: list[Point], vector: np.ndarray) -> list[uuid.UUID]:
    """The exact answer."""
    matrix = np.stack([p.vector for p in stored])
    return [stored[i].id for i in np.argsort(-(matrix @ vector), kind="stable")]


def test_an_empty_index_answers(index: VectorIndex) -> None:
    assert index.query(np.ones(DIMENSION, np.float32), limit=5) == []
    assert index.count() == 0
    assert list(index.ids()) == []
    assert index.vectors([uuid.uuid4()]) == index.readings([uuid.uuid4()]) == {}
    assert index.sample(3).shape == (0, DIMENSION)
    index.upsert([])
    index.delete_ids([uuid.uuid4()])


def test_nearest_first_with_cosine(index: VectorIndex, points: Make) -> None:
    stored = points(60)
    index.upsert(stored)
    query = stored[7].vector
    found = index.query(query, limit=60)
    assert [n.id for n in found] == ranking(stored, query)
    by_id = {p.id: p for p in stored}
    for neighbour in found:
        assert neighbour.similarity == pytest.approx(float(by_id[neighbour.id].vector @ query), abs=1e-4)


def test_nearest_of_several_is_nearest_of_each(index: VectorIndex, points: Make) -> None:
    stored = points(60)
    index.upsert(stored)
    asked = [stored[7].vector, stored[8].vector]
    assert index.nearest([], limit=9) == []
    here = IndexFilter(pages=(stored[7].page,))
    for where in (IndexFilter(), here):
        found = index.nearest(asked, limit=9, where=where)
        for one, vector in zip(found, asked, strict=True):
            alone = index.query(vector, limit=9, where=where)
            assert [n.id for n in one] == [n.id for n in alone] and len(one) > 1
            assert [n.similarity for n in one] == pytest.approx([n.similarity for n in alone], abs=1e-6)


def test_writing_twice_is_writing_once(index: VectorIndex, points: Make) -> None:
    stored = points(20)
    index.upsert(stored)
    index.upsert([replace(p, generation=9) for p in stored])
    assert index.count() == 20
    assert index.count(IndexFilter(generation_below=("page-4", 9))) == 0


@pytest.mark.parametrize("exact", [False, True])
def test_pages_neither_repeat_nor_drop(index: VectorIndex, points: Make, exact: bool) -> None:
    stored = points(150)
    same = [replace(p, vector=stored[0].vector) for p in points(150, seed=1)]
    index.upsert(stored + same)
    seen = [
        n.id
        for offset in range(0, 300, 37)
        for n in index.query(stored[0].vector, limit=37, offset=offset, exact=exact)
    ]
    assert len(seen) == 300 and len(set(seen)) == 300
    again = [n.id for n in index.query(stored[0].vector, limit=300, exact=exact)]
    assert again == seen
    assert index.query(stored[0].vector, limit=5, offset=300) == []


def test_equal_vectors_come_in_the_order_of_their_ids(index: VectorIndex, points: Make) -> None:
    same = [replace(p, vector=points(1)[0].vector) for p in points(40)]
    index.upsert(same)
    assert [n.id for n in index.query(same[0].vector, limit=40)] == sorted(p.id for p in same)


def test_a_page_of_nothing_and_a_page_before_the_start(index: VectorIndex, points: Make) -> None:
    index.upsert(points(3))
    assert index.query(points(1)[0].vector, limit=0) == []
    with pytest.raises(ValueError, match="from 0"):
        index.query(points(1)[0].vector, limit=3, offset=-1)


FILTERS = {
    "collection": (IndexFilter(collections=("collection-1",)), lambda p: p.collection == "collection-1"),
    "collections": (IndexFilter(collections=("collection-0", "collection-1")), lambda p: True),
    "document and page": (
        IndexFilter(documents=("document-1", "document-2"), pages=("page-1", "page-5")),
        lambda p: p.document in ("document-1", "document-2") and p.page in ("page-1", "page-5"),
    ),
    "not these pages": (IndexFilter(not_pages=("page-0", "page-3")), lambda p: p.page not in ("page-0", "page-3")),
    "page range": (IndexFilter(page_range=(3, 7)), lambda p: 3 <= p.page_number <= 7),
    "from a page on": (IndexFilter(page_range=(10, None)), lambda p: p.page_number >= 10),
    "older generations": (
        IndexFilter(generation_below=("page-4", 3)),
        lambda p: p.page == "page-4" and p.generation < 3,
    ),
    "metadata text": (IndexFilter(equals={"hand": "A. B."}), lambda p: p.metadata["hand"] == "A. B."),
    "metadata with a hostile key": (
        IndexFilter(equals={"shelf.mark [2]": "3"}),
        lambda p: p.metadata["shelf.mark [2]"] == "3",
    ),
    "metadata number": (IndexFilter(equals={"year": 1784}), lambda p: p.metadata["year"] == 1784),
    "number as text": (IndexFilter(equals={"year": "1784"}), lambda p: p.metadata["year"] == 1784),
    "metadata range": (IndexFilter(ranges={"year": (1783, 1786)}), lambda p: 1783 <= p.metadata["year"] <= 1786),
    "an unknown key": (IndexFilter(equals={"nobody": 1}), lambda p: False),
    "a collection nobody has": (IndexFilter(collections=("x",)), lambda p: False),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_hold_in_every_operation(index: VectorIndex, points: Make, name: str) -> None:
    where, keeps = FILTERS[name]
    stored = points(120)
    index.upsert(stored)
    expected = {p.id for p in stored if keeps(p)}
    query = stored[0].vector
    assert [n.id for n in index.query(query, limit=200, where=where)] == [
        i for i in ranking(stored, query) if i in expected
    ]
    assert index.count(where) == len(expected)
    assert set(index.ids(where)) == expected
    assert len(index.sample(1000, where)) == len(expected)
    index.delete(where)
    assert set(index.ids()) == {p.id for p in stored} - expected


def test_dates_and_years_share_one_axis(index: VectorIndex, points: Make) -> None:
    dates = ["1785", "1785-03", "1785-03-14", "1786-01-01", "undated"]
    stored = [replace(p, metadata={"date": date}) for p, date in zip(points(5), dates, strict=True)]
    index.upsert(stored)

    def within(low: float | None, high: float | None) -> list[str]:
        found = set(index.ids(IndexFilter(ranges={"date": (low, high)})))
        return [date for p, date in zip(stored, dates, strict=True) if p.id in found]

    assert within(1785, 1785.9999) == ["1785", "1785-03", "1785-03-14"]
    assert within(1785.1, None) == ["1785-03", "1785-03-14", "1786-01-01"]


def test_an_empty_filter_never_deletes(index: VectorIndex, points: Make) -> None:
    index.upsert(points(5))
    with pytest.raises(ValueError, match="everything"):
        index.delete(IndexFilter())
    assert index.count() == 5


def test_points_are_deleted_by_id(index: VectorIndex, points: Make) -> None:
    stored = points(10)
    index.upsert(stored)
    index.delete_ids([stored[3].id, stored[4].id, uuid.uuid4()])
    assert set(index.ids()) == {p.id for p in stored} - {stored[3].id, stored[4].id}


def test_vectors_come_back_as_written(index: VectorIndex, points: Make) -> None:
    stored = points(10)
    index.upsert(stored)
    unknown = uuid.uuid4()
    found = index.vectors([stored[2].id, unknown, stored[8].id])
    assert set(found) == {stored[2].id, stored[8].id}
    np.testing.assert_allclose(found[stored[2].id], stored[2].vector, atol=1e-5)
    assert found[stored[2].id].dtype == np.float32


def test_readings_come_back_as_written_where_there_are_any(index: VectorIndex, points: Make) -> None:
    stored = [replace(point, reading=bytes([0, 255, n])) for n, point in enumerate(points(8))] + points(2, seed=1)
    index.upsert(stored)
    found = index.readings([uuid.uuid4(), *(point.id for point in stored)])
    assert found == {point.id: point.reading for point in stored[:8]} and index.readings([]) == {}
    index.upsert([replace(stored[0], reading=b"again"), replace(stored[1], reading=b"")])
    assert index.readings([point.id for point in stored[:2]]) == {stored[0].id: b"again"}


def test_similarities_to_known_points_are_cosines(index: VectorIndex, points: Make) -> None:
    stored = points(30)
    index.upsert(stored)
    asked, own = [stored[3].vector, stored[4].vector, stored[5].vector], [stored[2:9], [], stored[4:6]]
    found = index.similarities(asked, [[*(p.id for p in some), uuid.uuid4()] if some else [] for some in own])
    for one, vector, some in zip(found, asked, own, strict=True):
        assert one == pytest.approx({p.id: float(p.vector @ vector) for p in some}, abs=1e-4)
    assert index.similarities(asked[:1], [[]]) == [{}] and index.similarities([], []) == []


def test_a_sample_is_the_smallest_ids_and_no_more(index: VectorIndex, points: Make) -> None:
    stored = points(50)
    index.upsert(stored)
    expected = {p.id: p.vector for p in sorted(stored, key=lambda p: p.id)[:8]}
    sample = index.sample(8)
    assert sample.shape == (8, DIMENSION) and sample.dtype == np.float32
    np.testing.assert_allclose(np.sort(sample, axis=0), np.sort(np.stack(list(expected.values())), axis=0), atol=1e-5)


def test_many_ids_are_all_listed(index: VectorIndex, points: Make) -> None:
    stored = points(5_100)
    index.upsert(stored)
    assert sorted(index.ids()) == sorted(p.id for p in stored)


def test_a_vector_of_another_space_is_refused(index: VectorIndex, points: Make) -> None:
    with pytest.raises(ValueError, match="16 numbers"):
        index.upsert(points(1, vector=np.ones(5, np.float32)))


def test_after_close_and_optimize_everything_is_there(index: VectorIndex, points: Make) -> None:
    stored = points(30)
    index.upsert(stored)
    index.close()
    index.optimize()
    assert index.count() == 30
    assert index.query(stored[3].vector, limit=1)[0].id == stored[3].id
