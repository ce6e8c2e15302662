"""One process a device: small pages fill batches together, and pages are read while the model works."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from program import TinyEmbedder
from scans import write_scans

from infra.settings import Settings
from ingest.catalogue import ids
from ingest.catalogue.queued import QueuedWork
from workers.context import Context
from workers.embed_tasks import EmbedTasks
from workers.page_tasks import PageTasks
from workers.report import Tally


class WaitingEmbedder(TinyEmbedder):
    """Is at work on its first batch until two more pages have been read."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.at_work, self.two_more = threading.Event(), threading.Event()
        self.read_meanwhile = False

    def embed_crops(self, crops: Any) -> Any:
        self.batches.append(len(crops))
        if not self.at_work.is_set():
            self.at_work.set()
            self.read_meanwhile = self.two_more.wait(30)
            time.sleep(0.5)
        return super().embed_crops(crops)


def test_pages_share_batches_and_are_read_while_the_model_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model, order = write_scans(tmp_path / "scans"), WaitingEmbedder(), count()
    cut_out = EmbedTasks._cut_out

    def watched(self: EmbedTasks, draft: Any) -> Any:
        place = next(order)
        assert place == 0 or model.at_work.wait(30)
        found = cut_out(self, draft)
        if place == 2:
            model.two_more.set()
        return found

    monkeypatch.setattr(EmbedTasks, "_cut_out", watched)
    with Context(Settings(home=tmp_path / "home"), model) as context:
        drafted = [(page, claim) for page, claim in prepare(context, folder) if claim is not None]
        tasks = EmbedTasks(context, "gpu@test", Tally(), patience=30.0)
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(lambda work: tasks.embed_page(*work), drafted))
        tasks.close()
        words = [len(context.catalogue.page_words(page)) for page, _ in drafted]
    assert model.read_meanwhile
    assert sum(model.batches) == sum(words) and len(model.batches) < sum(1 for some in words if some)


def prepare(context: Context, folder: Path) -> list[tuple[str, int | None]]:
    """What workers of the queue `cpu` do: (page, claim) of each."""
    pages = PageTasks(context, "cpu@test", lambda name, amount: None)
    collection = context.catalogue.add_collection("notes").id
    inputs = [str(path) for path in sorted(folder.iterdir())]
    keys = QueuedWork(context.catalogue).add_inputs(collection, inputs, {})
    documents = [pages.list_document(key) for key in keys]
    found = [ids.page_id(document, 1) for document in documents if document is not None]
    assert len(found) == len(inputs)
    return [(page, pages.prepare_page(page)) for page in found]
