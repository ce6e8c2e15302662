"""`manuspect` with a small model, or with the real one to learn in a hurry, and with traps: `program.py COMMAND...`.

A file `KIND-STAGE-WORD` in the folder `TRAPS` is a trap: at that stage of a page with the word in its name, the program
kills itself every time (`die`) or once (`die1`), or sleeps a second (`slow`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np


class TinyEmbedder:
    """A fixed random projection of the crop, reduced to 8 x 24 grey pixels."""

    def __init__(self, model: str = "tiny") -> None:
        import hashlib

        from search.embedding.embedder import EmbeddingSpace

        self.space = EmbeddingSpace(model, hashlib.sha256(model.encode()).hexdigest(), 32)
        seed = int.from_bytes(model.encode()[:4], "big")
        self._projection = np.random.default_rng(seed).standard_normal((8 * 24, 32)).astype(np.float32)

    def embed_crops(self, crops: Any) -> Any:
        flat = [cv2.resize(crop, (24, 8), interpolation=cv2.INTER_AREA).mean(axis=2).reshape(-1) for crop in crops]
        rows = np.asarray(flat, np.float32).reshape(-1, 192) @ self._projection
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def embed_texts(self, texts: Any) -> Any:
        raise NotImplementedError


def trip(stage: str, what: str) -> None:
    """Fall into the traps that are set for this stage and page."""
    for trap in Path(os.environ["TRAPS"]).glob(f"*-{stage}-*"):
        kind, _, word = trap.name.split("-", 2)
        if word not in Path(what).name:
            continue
        if kind == "slow":
            time.sleep(1)
        if kind == "die1":
            trap.unlink(missing_ok=True)
        if kind in ("die", "die1"):
            os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, stage: str, what: Callable[..., str]) -> None:
    """Trip before each call of that function."""
    original = getattr(owner, name)

    def wrapper(*arguments: Any, **named: Any) -> Any:
        trip(stage, what(*arguments, **named))
        return original(*arguments, **named)

    setattr(owner, name, wrapper)


def hurry() -> None:
    """Shorter periods than in earnest, so that the tests take seconds; all else is as it is."""
    import workers.broker
    import workers.celery_app
    import workers.feeder
    import workers.schedules

    workers.broker._TTL, workers.broker._BEAT = 3, 0.5
    workers.celery_app.TICK_SECONDS, workers.celery_app._BEAT_LOCK = 1.0, 4
    workers.feeder._QUIET = 5.0
    often = replace(workers.schedules.SCHEDULES["clean"], seconds=lambda settings: 5.0)
    workers.schedules.SCHEDULES["clean"] = often


def arm() -> None:
    """Put the traps where the stages are."""
    import learning

    import search.embedding
    import workers.embed_tasks
    import workers.page_tasks
    import workers.write_stage
    from ingest.catalogue import Catalogue
    from workers.page_work import PageWork

    model = os.environ.get("MANUSPECT_MODEL", "tiny")
    if model == "handwriting":
        learning.hurry()
    else:
        search.embedding.load_embedder = lambda settings: TinyEmbedder(model)  # type: ignore[attr-defined,assignment]
    if "TRAPS" not in os.environ:
        return
    hurry()
    before(PageWork, "list_document", "list", lambda self, uri: uri)
    before(PageWork, "draft", "convert", lambda self, page: page.uri)
    before(PageWork, "_find_words", "segment", lambda self, page, clock: page.uri)
    before(workers.embed_tasks.EmbedTasks, "_try", "embed", lambda self, page, draft: page.uri)
    before(workers.write_stage, "points_of", "upsert", lambda embedded: embedded.page.uri)
    before(Catalogue, "finish_page", "record", lambda self, page, *rest: self.document(self.page(page).document_id).uri)


if __name__ == "__main__":
    arm()
    from ui.cli import main

    main()
