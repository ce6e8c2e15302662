"""Measuring what adaptation gains."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from search.adaptation.__main__ import main


def test_the_words_are_measured_and_too_few_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = []
    for word in ("maison", "jardin", "maison", "lettre"):
        page = np.full((60, 200), 240, np.uint8)
        cv2.putText(page, word, (10, 40), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.0, 30, 2, cv2.LINE_AA)
        images.append(cv2.imencode(".png", page)[1].tobytes())
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"image": images, "text": ["maison", "jardin", "maison", "lettre"]}), path)
    monkeypatch.setattr(sys, "argv", ["measure", str(path), "--words", "3", "--languages", "fr", "--other", str(path)])
    main()
    before, report = (json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{"))
    assert before["before"]["words"] == report["words"] == 3
    assert all(0.0 <= error <= 1.0 for error in before["confidence_errors"].values())
    assert report["better"] is False
    assert "too few" in report["reason"]
