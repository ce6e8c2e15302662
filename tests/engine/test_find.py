"""From a question to ranked places on pages."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.errors import NotFoundError, UsageError
from search.engine.find import find
from search.engine.hits import Hit, Result
from search.engine.query import CropExample, Query, RegionExample, Where, WordExample


def spots(result: Result, above: float = 0.5) -> list[tuple[str, int, int]]:
    """Document, page number and x of the hits above a confidence, in their order."""
    return [(hit.document.label, hit.page.number, hit.region.x) for hit in result.hits if hit.confidence > above]


def test_a_word_is_found_where_it_stands(books) -> None:
    result = find(books.engine, Query("maison"))
    assert sorted(spots(result)) == [("acte 1", 2, 50), ("acte 2", 1, 120), ("testament", 1, 120)]
    best = result.hits[0]
    assert best.score == pytest.approx(1.0, abs=1e-3)
    assert best.confidence > 0.5 > result.hits[3].confidence
    assert result.total.hits == 3 and result.total.pages == 3 and result.total.exact
    assert best.to_json().keys() >= {
        "score", "confidence", "collection", "document", "page", "canvas", "xywh", "region_url",
    }  # fmt: skip
    assert best.region_url == f"http://here/iiif/image/{best.page.id}/{best.region.xywh}/max/0/default.jpg"
    assert min(result.timing.encode, result.timing.search, result.timing.catalogue, result.timing.post) > 0


def test_nothing_indexed_is_no_hit(library) -> None:
    result = find(library.engine, Query("maison"))
    assert result.hits == () and result.total.hits == 0 and result.next is None


def test_an_absent_word_has_no_confident_hit(books) -> None:
    result = find(books.engine, Query("xylophone"))
    assert result.total.hits == 0 and result.hits


def test_case_is_folded_unless_exact_is_asked(books) -> None:
    assert spots(find(books.engine, Query("JEAN"))) == spots(find(books.engine, Query("jean")))


def test_several_words_are_on_one_page(books) -> None:
    result = find(books.engine, Query("maire maison"))
    assert [(hit.document.label, hit.page.number) for hit in result.hits if hit.confidence > 0.5] == [("acte 2", 1)]
    best = result.hits[0]
    assert best.confidence == pytest.approx(best.parts[0].confidence * best.parts[1].confidence)
    assert len({hit.page.id for hit in result.hits}) == len(result.hits)


def test_alternatives(books) -> None:
    found = spots(find(books.engine, Query("jardin OR frere")))
    assert sorted((label, number) for label, number, _ in found) == [("acte 1", 2), ("testament", 1)]


def test_excluded_words_take_their_pages_out(books) -> None:
    found = spots(find(books.engine, Query("maison -jardin -frere")))
    assert found == [("acte 2", 1, 120)]


def test_a_phrase_on_a_line_and_across_a_line_break(books) -> None:
    on_line = find(books.engine, Query('"de la ville"'))
    assert spots(on_line) == [("acte 1", 1, 250)]
    assert on_line.hits[0].region.xywh == "250,100,240,60"
    across = find(books.engine, Query('"Jean Baptiste"'))
    assert [(hit.document.label, hit.page.number) for hit in across.hits if hit.confidence > 0.25] == [("acte 1", 2)]
    assert [part.line for part in across.hits[0].parts] == [0, 1]
    assert across.hits[0].region == across.hits[0].parts[0].region


def test_a_phrase_in_the_wrong_order_is_not_there(books) -> None:
    assert spots(find(books.engine, Query('"ville la de"'))) == []


@pytest.mark.parametrize("phrase", ["rouen est le", "le port rouen", "port rouen est", "rouen\nest le"])
def test_a_phrase_of_a_rare_word_among_frequent_ones_is_found_everywhere(library, phrase: str) -> None:
    """Only 128 of each word are known at first; those that stand beside the rare one are judged for themselves."""
    frequent = "le port est\n" * 200
    pages = [f"{frequent}{phrase}\n{frequent}" for _ in range(3)]
    library.write("c", "d", *pages)
    found = find(library.engine, Query(f'"{phrase.replace(chr(10), " ")}"', limit=3))
    assert [
        (hit.page.number, hit.parts[0].line, len(hit.parts))
        for hit in sorted(found.hits, key=lambda hit: hit.page.number)
    ] == [(page, 200, 3) for page in (1, 2, 3)]


def test_a_phrase_reads_split_and_merged_words(library) -> None:
    library.write("c", "split", "le grand mai+son rouge")
    library.write("c", "merged", "la dela ville")
    assert spots(find(library.engine, Query('"grand maison rouge"')), 0.1) == [("split", 1, 120)]
    assert spots(find(library.engine, Query('"de la ville"')), 0.1) == [("merged", 1, 120)]


def test_readings_of_the_same_ink_are_one_hit(library) -> None:
    library.write("c", "d", "mai+son")
    result = find(library.engine, Query("maison"))
    assert [hit.region.w for hit in result.hits] == [130]


def test_an_old_generation_is_never_shown(books) -> None:
    before = find(books.engine, Query("testament maison"))
    page = next(hit.page for hit in find(books.engine, Query("frere")).hits)
    books.write("Soldats", "testament", "rien ici que du vent")
    assert books.index.count() > 0
    assert all(hit.page.id != page.id or hit.confidence < 0.5 for hit in find(books.engine, Query("frere")).hits)
    assert before.hits


def test_filters_are_pushed_down(books) -> None:
    notaires = books.catalogue.collection("Notaires").id
    assert {
        hit.collection.name for hit in find(books.engine, Query("maison", where=Where(collections=(notaires,)))).hits
    } == {"Notaires"}
    assert spots(find(books.engine, Query("maison", where=Where(page_range=(2, None))))) == [("acte 1", 2, 50)]
    assert spots(find(books.engine, Query("maison", where=Where(equals={"notary": "Dupuis"})))) == [("acte 2", 1, 120)]
    assert spots(find(books.engine, Query("maison", where=Where(ranges={"year": (1780, "1790")})))) == [
        ("acte 1", 2, 50)
    ]
    march = Where(ranges={"date": ("1915-03", "1915-03")})
    assert spots(find(books.engine, Query("maison", where=march))) == [("testament", 1, 120)]
    with pytest.raises(UsageError, match="neither a number nor a date"):
        find(books.engine, Query("maison", where=Where(ranges={"year": ("spring", None)})))


def test_only_visible_collections_are_seen(books) -> None:
    soldats = books.catalogue.collection("Soldats").id
    notaires = books.catalogue.collection("Notaires").id
    seen = find(books.engine, Query("maison", visible=frozenset({soldats})))
    assert {hit.collection.name for hit in seen.hits} == {"Soldats"}
    hidden = Query("maison", visible=frozenset({soldats}), where=Where(collections=(notaires,)))
    assert find(books.engine, hidden).hits == ()
    assert find(books.engine, Query("maison", visible=frozenset())).hits == ()
    secret = next(hit for hit in find(books.engine, Query("jardin")).hits)
    for example in (WordExample(secret.word), RegionExample(secret.page.id, secret.region)):
        with pytest.raises(NotFoundError):
            find(books.engine, Query(positive=(example,), visible=frozenset({soldats})))


def test_examples_of_every_kind(books, picture) -> None:
    word = find(books.engine, Query("maison")).hits[0]
    asked = {
        "crop": CropExample(picture("maison")),
        "hit": WordExample(word.word),
        "box": RegionExample(word.page.id, word.region),
    }
    for example in asked.values():
        assert len(spots(find(books.engine, Query(positive=(example,))))) == 3
    with pytest.raises(NotFoundError):
        find(books.engine, Query(positive=(WordExample(str(uuid.uuid4())),)))


def test_feedback_moves_the_ranking(books, picture) -> None:
    plain = find(books.engine, Query("mai", limit=60))
    good = find(books.engine, Query("mai", positive=(CropExample(picture("maison")),), limit=60))
    bad = find(books.engine, Query("mai", negative=(CropExample(picture("maison")),), limit=60))

    def score(result: Result, text: str) -> float:
        return next(hit.score for hit in result.hits if hit.region.w == 20 * len(text) and hit.region.x in (50, 120))

    assert score(good, "maison") > score(plain, "maison") > score(bad, "maison")
    with pytest.raises(UsageError, match="one word"):
        find(books.engine, Query("deux mots", positive=(CropExample(picture("a")),)))
    with pytest.raises(UsageError, match="nothing to look for"):
        find(books.engine, Query(" "))


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.word for hit in hits]


@pytest.mark.parametrize("text", ["maison", "maison OR maire", "maison maire", '"la maison"'])
@pytest.mark.parametrize("sort", ["confidence", "place"])
def test_pages_by_offset_and_by_cursor_fit_together(books, text: str, sort: str) -> None:
    whole = ids(find(books.engine, Query(text, limit=500, sort=sort)).hits)
    by_offset = [
        word
        for offset in range(0, len(whole) + 7, 7)
        for word in ids(find(books.engine, Query(text, limit=7, offset=offset, sort=sort)).hits)
    ]
    by_cursor, after = [], None
    while True:
        part = find(books.engine, Query(text, limit=7, after=after, sort=sort))
        by_cursor += ids(part.hits)
        after = part.next
        if after is None:
            break
    assert whole == by_offset == by_cursor
    assert len(set(whole)) == len(whole)


def test_nothing_follows_where_the_rest_is_left_out(books) -> None:
    books.write("Soldats", "noms", "zwq " * 150)
    found = find(books.engine, Query("maison", least_confidence=0.5))
    assert found.hits and found.next is None
    assert find(books.engine, Query("maison", limit=len(found.hits))).next is not None


def test_a_cursor_goes_on_while_pages_are_added(books) -> None:
    first = find(books.engine, Query("maison", limit=2))
    books.write("Soldats", "new", "maison maison maison")
    second = find(books.engine, Query("maison", limit=500, after=first.next))
    assert not set(ids(first.hits)) & set(ids(second.hits))
    for cursor in ("nonsense", "eyJhIjogMX0=", first.next[:-4]):
        with pytest.raises(UsageError, match="cursor"):
            find(books.engine, Query("maison", after=cursor))


def test_groups_facets_and_order(books) -> None:
    books.write("Soldats", "list", "maison maison\nmaison", "maison")
    grouped = find(books.engine, Query("maison", group="document", least_confidence=0.5))
    assert {(hit.document.label, hit.more) for hit in grouped.hits} == {
        ("acte 1", 0), ("acte 2", 0), ("testament", 0), ("list", 3),
    }  # fmt: skip
    result = find(books.engine, Query("maison", sort="place", facets=("collection", "year", "page")))
    assert result.facets["collection"] == {"Soldats": 5, "Notaires": 2}
    assert result.facets["year"] == {"1785": 1, "1802": 1}
    assert sum(result.facets["page"].values()) == result.total.hits == 7
    placed = [(h.collection.name, h.document.label, h.page.number, h.region.y, h.region.x) for h in result.hits]
    assert placed == sorted(placed) and len(placed) == 7


def test_a_model_of_another_space_is_refused(books) -> None:
    from infra.errors import ModelError
    from search.embedding import EmbeddingSpace
    from search.engine.engine import Engine

    class Other:
        space = EmbeddingSpace("letters", "cd" * 32, 256)

    with pytest.raises(ModelError, match="reindex"):
        Engine(Other(), books.index, books.catalogue)


def test_deep_pages_repeat_and_drop_nothing(library) -> None:
    page = "\n".join(" ".join(["maison", "maisons", "saison", "mais"] * 5) for _ in range(6))
    library.write("c", "d", *[page] * 11)
    seen = [
        hit.word
        for offset in range(0, 1_400, 350)
        for hit in find(library.engine, Query("maison", limit=350, offset=offset)).hits
    ]
    assert len(seen) == len(set(seen)) == 11 * 120
    shallow = find(library.engine, Query("maison", total_above=0.9, limit=10)).total
    deep = find(library.engine, Query("maison", total_above=0.9, limit=1_000)).total
    assert not shallow.exact and shallow.hits < 330
    assert deep.exact and deep.hits == 330


def test_many_clients_at_once_get_the_same_answers(books) -> None:
    words = ["maison", "maire", '"Jean Baptiste"', "frere -maison"] * 6
    alone = [spots(find(books.engine, Query(word))) for word in words]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda word: spots(find(books.engine, Query(word))), words)) == alone
    with pytest.raises(UsageError):
        find(books.engine, Query('"'))
    assert spots(find(books.engine, Query("maison"))) == alone[0], "a query that failed gave its turn back"
