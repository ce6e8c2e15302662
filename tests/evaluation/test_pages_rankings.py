"""Rankings against a slow count by definition."""

import itertools
import random

import pytest

from ingest.geometry import Region
from search.evaluation.page_xml import TruthLine, TruthPage
from search.evaluation.pages_rankings import (
    FoundWord,
    LineFinder,
    mean_average_precision,
    pooled_average_precision,
    score_search,
    words_by_line,
)


def line(y: int, text: str, x: int = 0) -> TruthLine:
    return TruthLine(((x, y), (x + 100, y), (x + 100, y + 10), (x, y + 10)), (), text, ())


def slow_average_precision(ranking: dict, relevant: set) -> float:
    """Sum of the precision at each relevant rank over the number relevant; no ties here."""
    order = sorted(ranking, key=lambda key: -ranking[key])
    precisions = [
        sum(k in relevant for k in order[: i + 1]) / (i + 1) for i, key in enumerate(order) if key in relevant
    ]
    return sum(precisions) / len(relevant)


@pytest.mark.parametrize("seed", range(20))
def test_against_the_definition(seed: int):
    source = random.Random(seed)
    keys = [(f"p{i % 3}", i) for i in range(12)]
    confidences = iter(source.sample(range(1000), 200))
    rankings = []
    for _ in range(5):
        shown = source.sample(keys, source.randint(0, 12))
        rankings.append(
            ({key: next(confidences) / 1000 for key in shown}, set(source.sample(keys, source.randint(1, 5))))
        )
    slow = [slow_average_precision(*one) for one in rankings]
    assert mean_average_precision(rankings) == pytest.approx(sum(slow) / len(slow))
    pooled = {(i, key): score for i, (ranking, _) in enumerate(rankings) for key, score in ranking.items()}
    relevant = {(i, key) for i, (_, some) in enumerate(rankings) for key in some}
    assert pooled_average_precision(rankings) == pytest.approx(slow_average_precision(pooled, relevant))


def test_ties_do_not_depend_on_order():
    keys = [("p", i) for i in range(4)]
    values = {
        mean_average_precision([(dict.fromkeys(order, 0.5), {("p", 1)})]) for order in itertools.permutations(keys)
    }
    assert len(values) == 1


def test_nothing_asked_is_none_and_nothing_found_is_zero():
    assert mean_average_precision([]) is None
    assert pooled_average_precision([]) is None
    assert mean_average_precision([({}, {("p", 0)})]) == 0.0


def test_queries_are_folded_words_of_three_letters():
    page = TruthPage("", 200, 200, (line(0, "L'Été de 1914, été."), line(20, "a été ici")))
    assert words_by_line({"p": page}) == {"lete": {("p", 0)}, "ete": {("p", 0), ("p", 1)}, "ici": {("p", 1)}}


def test_hits_count_for_the_line_that_holds_their_centre():
    page = TruthPage("", 200, 200, (line(0, "alpha beta"), line(20, "gamma alpha"), line(40, "delta")))
    answers = {
        "alpha": [
            FoundWord("p", Region(10, 0, 20, 12), 0.9),
            FoundWord("p", Region(10, 41, 20, 8), 0.8),
            FoundWord("p", Region(10, 22, 20, 8), 0.7),
            FoundWord("p", Region(150, 100, 20, 8), 0.99),
        ]
    }
    scores = score_search({"p": page}, lambda word: answers.get(word, []))
    assert scores.queries == 4
    assert scores.line_map == pytest.approx((1 + 2 / 3) / 2 / 4)
    assert scores.page_map == pytest.approx(1 / 4)


def test_perfect_answers_score_one():
    page = TruthPage("", 200, 200, (line(0, "alpha beta"), line(20, "gamma alpha")))
    where = {
        word: [page.lines[number].region for _, number in places] for word, places in words_by_line({"p": page}).items()
    }
    scores = score_search({"p": page}, lambda word: [FoundWord("p", region, 1.0) for region in where[word]])
    assert (scores.line_map, scores.line_ap, scores.page_map, scores.page_ap) == (1.0, 1.0, 1.0, 1.0)


def test_hits_on_pages_without_truth_are_left_out():
    page = TruthPage("", 200, 200, (line(0, "alpha"),))
    found = [FoundWord("elsewhere", Region(0, 0, 9, 9), 1.0), FoundWord("p", Region(10, 1, 9, 8), 0.5)]
    assert score_search({"p": page}, lambda word: found).line_map == 1.0


def test_where_outlines_overlap_the_deeper_line_wins():
    finder = LineFinder([line(0, "a"), line(6, "b")])
    assert finder.line_at(Region(40, 2, 10, 4)) == 0
    assert finder.line_at(Region(40, 10, 10, 4)) == 1
    assert finder.line_at(Region(40, 30, 10, 4)) is None
