"""Every command over a real home: what it prints, and its exit code."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Manuspect = Callable[..., Any]


@pytest.fixture
def filled(manuspect: Manuspect, scans: list[Path]) -> Manuspect:
    assert manuspect("ingest", *scans, "--collection", "notes", "--metadata", "year=1790").code == 0
    return manuspect


def test_ingest_reports_and_says_nothing_else_on_stdout(manuspect: Manuspect, scans: list[Path]) -> None:
    first = manuspect("ingest", scans[0].parent, "--collection", "notes", "--json")
    [report] = first.objects
    assert first.code == 0
    assert (report["documents"], report["new"], report["indexed"], report["failures"]) == (2, 2, 2, [])
    [again] = manuspect("ingest", scans[0].parent, "--collection", "notes", "--json").objects
    assert (again["new"], again["unchanged"], again["indexed"]) == (0, 2, 0)


def test_failed_inputs_are_named_with_exit_code_3_and_the_rest_is_there(
    manuspect: Manuspect, scans: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7\nnothing")
    done = manuspect("ingest", *scans, tmp_path / "torn.pdf", tmp_path / "none.png")
    assert done.code == 3 and "2 indexed" in done.out
    assert "torn.pdf: CorruptError:" in done.err and "none.png: NotFoundError:" in done.err
    [status] = manuspect("status", "--json").objects
    assert status["collection"] == "default" and status["states"]["indexed"] == 2
    assert {Path(f["input"]).name: f["error"] for f in status["failures"]} == {
        "torn.pdf": "CorruptError",
        "none.png": "NotFoundError",
    }
    assert set(status["failures"][0]) == {"input", "page", "error", "reason", "attempts", "worker"}


def test_status_tells_of_single_documents_and_pages(manuspect: Manuspect, scans: list[Path], tmp_path: Path) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7\nnothing")
    manuspect("ingest", *scans, tmp_path / "torn.pdf", "-c", "notes")
    documents = {Path(one["input"]).name: one for one in manuspect("status", "--documents", "--json").objects}
    assert documents[scans[0].name]["states"]["indexed"] == 1 and documents[scans[0].name]["words"] > 0
    assert documents["torn.pdf"]["error"] == "CorruptError"
    [page] = manuspect("status", "--document", scans[0], "--json").objects
    assert (page["page"], page["state"], page["attempts"]) == (1, "indexed", 0) and page["worker"]
    table = manuspect("status", "-c", "notes", "--documents")
    assert table.code == 0 and "torn.pdf" in table.out and "CorruptError" in table.out
    assert "indexed" in manuspect("status", "-d", scans[0]).out
    assert manuspect("status", "-d", "nowhere").code == 2


def test_retry_takes_up_what_failed_once_it_is_mended(manuspect: Manuspect, scans: list[Path], tmp_path: Path) -> None:
    late = tmp_path / "late.png"
    assert manuspect("ingest", late, "-c", "notes").code == 3
    assert manuspect("retry").code == 3
    late.write_bytes(scans[0].read_bytes())
    [report] = manuspect("retry", "--collection", "notes", "--json").objects
    assert report["indexed"] == 1 and report["failures"] == []
    assert manuspect("status", "--json").objects[0]["failures"] == []


def test_retry_reads_a_torn_scan_that_was_replaced(manuspect: Manuspect, scans: list[Path], tmp_path: Path) -> None:
    scan, whole = tmp_path / "torn.png", scans[0].read_bytes()
    scan.write_bytes(whole[: len(whole) // 2])
    [report] = manuspect("ingest", scan, "-c", "notes", "--json").objects
    assert [failure["page"] for failure in report["failures"]] == [1]
    scan.write_bytes(whole)
    [report] = manuspect("retry", "--json").objects
    assert report["indexed"] == 1 and report["failures"] == []


def test_search_by_text_gives_hits_with_the_promised_keys(filled: Manuspect) -> None:
    found = filled("search", "alpha", "--json", "--limit", "3")
    assert found.code == 0 and 1 <= len(found.objects) <= 3
    for hit in found.objects:
        assert {"score", "confidence", "collection", "document", "page", "canvas", "xywh", "region_url"} <= set(hit)
        assert hit["collection"] == "notes" and 0 <= hit["confidence"] <= 1
    scores = [hit["score"] for hit in found.objects]
    assert scores == sorted(scores, reverse=True)


def test_pages_of_results_fit_together(filled: Manuspect) -> None:
    both = filled("search", "alpha", "--json", "-n", "4").objects
    parts = [*filled("search", "alpha", "--json", "-n", "2").objects]
    parts += filled("search", "alpha", "--json", "-n", "2", "--offset", "2").objects
    assert [hit["word_id"] for hit in parts] == [hit["word_id"] for hit in both]


def test_search_by_pointing_finds_the_word_itself_first(filled: Manuspect) -> None:
    [hit, *_] = filled("search", "alpha", "--json").objects
    found = filled("search", "--crop", f"{hit['canvas']}#xywh={hit['xywh']}", "--json").objects
    assert (found[0]["canvas"], found[0]["xywh"]) == (hit["canvas"], hit["xywh"])
    assert found[0]["score"] > 0.99


def test_search_by_a_picture(filled: Manuspect, scans: list[Path]) -> None:
    found = filled("search", "--image", scans[1], "--json", "--limit", "2")
    assert found.code == 0 and len(found.objects) == 2


def test_search_within_a_document(filled: Manuspect, scans: list[Path]) -> None:
    found = filled("search", "alpha", "--document", scans[1], "--json").objects
    assert found and {hit["document"] for hit in found} == {found[0]["document"]}


def test_feedback_on_hits_goes_with_a_word_or_alone(filled: Manuspect) -> None:
    first, second, *_ = filled("search", "alpha", "--json").objects
    alone = filled("search", "--like", first["word_id"], "--json").objects
    assert alone[0]["word_id"] == first["word_id"] and alone[0]["score"] > 0.999
    refined = filled("search", "alpha", "--like", second["word_id"], "--json").objects
    assert {hit["word_id"]: hit["score"] for hit in refined}[second["word_id"]] > second["score"]
    against = filled("search", "alpha", "--unlike", f"{first['canvas']}#xywh={first['xywh']}", "--json").objects
    still = {hit["word_id"]: hit["score"] for hit in against}.get(first["word_id"])
    assert still is None or still < first["score"]  # None: another reading of the same ink is now the better one


def test_filters_order_groups_and_counts(filled: Manuspect) -> None:
    everything = filled("search", "alpha", "--json", "--count-above", "0", "--facet", "document").objects
    *hits, summary = everything
    assert summary["total"]["hits"] == len(hits) == sum(summary["facets"]["document"].values())
    assert filled("search", "alpha", "--json", "--pages", "2-").objects == []
    assert filled("search", "alpha", "--json", "--where", "year=1791..").objects == []
    assert filled("search", "alpha", "--json", "--where", "year=1790", "--where", "year=1780..1790").objects == hits
    grouped = filled("search", "alpha", "--json", "--group", "document").objects
    assert len(grouped) == 2 and sum(hit["more"] + 1 for hit in grouped) == len(hits)
    placed = filled("search", "alpha", "--json", "--sort", "place", "--count-above", "0").objects
    assert [hit["document"] for hit in placed] == sorted(hit["document"] for hit in hits)
    *_, part = filled("search", "alpha", "--json", "-n", "2", "--summary").objects
    rest = filled("search", "alpha", "--json", "--after", part["next"]).objects
    assert [hit["word_id"] for hit in rest] == [hit["word_id"] for hit in hits[2:]]


def test_export_writes_a_file(filled: Manuspect, tmp_path: Path) -> None:
    out = tmp_path / "out" / "hits.csv"
    done = filled("export", "alpha", "--min-confidence", "0", "--out", out)
    assert done.code == 0 and done.out.strip() == str(out)
    assert "notes" in out.read_text(encoding="utf-8")
    lines = filled("export", "alpha", "--min-confidence", "0", "--format", "jsonl")
    assert lines.objects[0]["collection"] == "notes"


def test_rm_of_a_document_then_of_the_collection_leaves_nothing(
    filled: Manuspect, scans: list[Path], tmp_path: Path
) -> None:
    assert filled("rm", "notes", "--document", scans[0], "--yes").code == 0
    [status] = filled("status", "--json").objects
    assert (status["documents"], status["pages"]) == (1, 1)
    assert filled("rm", "notes", "--yes").code == 0
    assert filled("status", "--json").objects == []
    assert not [path for path in (tmp_path / "home" / "files").rglob("*") if path.is_file()]
    assert all(path.exists() for path in scans), "the person's own files stay"


def test_rm_asks_first(filled: Manuspect) -> None:
    refused = filled("rm", "notes")
    assert refused.code == 2 and "--yes" in refused.err
    assert filled("status", "--json").objects[0]["pages"] == 2


def test_reindex_with_everything_up_to_date(filled: Manuspect) -> None:
    [done] = filled("reindex", "--json").objects
    assert (done["switched"], done["embedded"], done["segmented"], done["pages"]) == (False, 0, 0, None)


def test_a_collection_is_closed_before_its_first_page_and_opened_again(manuspect: Manuspect) -> None:
    assert manuspect("access", "Wills").code == 2
    assert "Wills is open to archivists, keepers." in manuspect("access", "Wills", "archivists", "keepers").out
    assert manuspect("access", "Wills", "--json").objects == [
        {"collection": "Wills", "groups": ["archivists", "keepers"]}
    ]
    assert manuspect("access", "Wills", "keepers", "--everyone").code == 2
    assert "Wills is open to everyone." in manuspect("access", "Wills", "--everyone").out


def test_doctor_finds_a_sound_home_sound(filled: Manuspect) -> None:
    done = filled("doctor", "--json")
    checks = {check["check"]: check for check in done.objects if check["check"] != "setting"}
    assert {name: check["detail"] for name, check in checks.items() if not check["ok"]} == {}
    assert done.code == 0
    assert {"python", "library", "poppler", "disk", "database", "files", "model", "index"} <= set(checks)
    assert any("MANUSPECT_HOME=" in check["detail"] for check in done.objects)


def test_doctor_tells_secrets_to_nobody(manuspect: Manuspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANUSPECT_QDRANT_API_KEY", "s3cret")
    assert "s3cret" not in manuspect("doctor").out


def test_doctor_says_what_is_broken(manuspect: Manuspect, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "catalogue.sqlite3").write_bytes(b"not a database, but longer than its header is" * 9)
    done = manuspect("doctor", "--json")
    assert done.code == 1
    assert [check["ok"] for check in done.objects if check["check"] == "database"] == [False]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frobnicate"], "No such command"),
        (["search"], "what to look for"),
        (["search", "x"], "Nothing is indexed"),
        (["search", "x", "--collection", "none"], "There is no collection 'none'"),
        (["search", "--crop", "nowhere#xywh=a,b"], "not CANVAS#xywh"),
        (["search", "--crop", "nowhere#xywh=1,2,3,4"], "no page with the canvas"),
        (["search", "x", "--pages", "a-b"], "FIRST-LAST"),
        (["search", "x", "--where", "year"], "KEY=VALUE"),
        (["search", "x", "--limit", "0"], "--limit"),
        (["ingest", "x.png", "--metadata", "novalue"], "KEY=VALUE"),
        (["ingest", "x.png", "--collection", " "], "needs a name"),
        (["rm", "none", "--yes"], "There is no collection"),
        (["retry", "-c", "none"], "There is no collection"),
    ],
)
def test_misuse_is_explained_with_exit_code_2(manuspect: Manuspect, arguments: list[str], says: str) -> None:
    done = manuspect(*arguments)
    assert (done.code, done.out) == (2, "") and says in done.err
    assert "Traceback" not in done.err


def test_wrong_settings_are_named(manuspect: Manuspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANUSPECT_EMBED_BATCH", "none")
    done = manuspect("status")
    assert done.code == 2 and "MANUSPECT_EMBED_BATCH" in done.err


def test_a_home_that_another_run_is_writing_in_is_waited_for_and_then_named(
    manuspect: Manuspect, scans: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANUSPECT_INDEX_LOCK_TIMEOUT", "0.3")
    (tmp_path / "home").mkdir()
    with (tmp_path / "home" / "writer.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = manuspect("ingest", *scans)
    assert done.code == 1 and "Another process" in done.err


def test_a_fault_of_the_program_is_one_line(manuspect: Manuspect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("ingest.catalogue.catalogue.Catalogue.status", fail)
    done = manuspect("status")
    assert done.code == 1 and "RuntimeError: boom" in done.err and "Traceback" not in done.err
    monkeypatch.setenv("MANUSPECT_LOG_LEVEL", "debug")
    assert "Traceback" in manuspect("status").err


def test_an_interrupt_is_130(manuspect: Manuspect, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ingest.catalogue.catalogue.Catalogue.status", stop)
    assert manuspect("status").code == 130


def test_nothing_ingested_is_no_error(manuspect: Manuspect) -> None:
    assert manuspect("status").out == "Nothing is ingested yet.\n"
    assert manuspect("status", "--json").out == ""
