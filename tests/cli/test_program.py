"""The installed program, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tiny import write_page

PROGRAM = Path(sys.executable).with_name("manuspect")


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "MANUSPECT_HOME": str(home), "OMP_NUM_THREADS": "1", "MANUSPECT_PROCESSES": "1"}


def test_help_and_status_start_without_the_model_libraries(tmp_path: Path) -> None:
    code = (
        "import sys; from ui.cli import run; assert run(['--help']) == 0; assert run(['status']) == 0; "
        "bad = {'torch', 'cv2', 'open_clip', 'qdrant_edge', 'qdrant_client', 'streamlit'} & set(sys.modules); "
        "assert not bad, bad"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path / "home"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_answers_is_there_before_torch_is() -> None:
    code = "import sys, search.engine.find; assert not {'torch', 'open_clip'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(900)
def test_from_files_to_hits_with_the_handwriting_model_and_back(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for number in range(3):
        write_page(tmp_path / f"{number}.png", "alpha beta/gamma delta")
    options = {"env": environment(tmp_path / "home"), "capture_output": True, "text": True, "timeout": 400}
    first = subprocess.run([PROGRAM, "ingest", *sorted(tmp_path.glob("*.png"))], check=False, **options)  # type: ignore[call-overload]
    assert first.returncode == 0, first.stderr
    assert "3 indexed" in first.stdout
    found = subprocess.run([PROGRAM, "search", "gamma", "--json"], check=False, **options)  # type: ignore[call-overload]
    assert found.returncode == 0, found.stderr
    assert all(json.loads(line)["canvas"] for line in found.stdout.splitlines()) and found.stdout


def test_ctrl_c_ends_with_130_and_no_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    for number in range(40):
        write_page(tmp_path / "scans" / f"{number}.png", "alpha beta/gamma delta")
    process = subprocess.Popen(
        [PROGRAM, "ingest", tmp_path / "scans"], env=environment(tmp_path / "home"), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "home" / "files").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors and "carry on" in errors


def test_the_iiif_services_run_alone(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [PROGRAM, "serve", "--only-iiif", "--port", str(port)], env=environment(tmp_path / "home"),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert patiently(f"http://127.0.0.1:{port}/healthz", process) == 200
        assert patiently(f"http://127.0.0.1:{port}/iiif/presentation/none/manifest", process) == 404
        assert patiently(f"http://127.0.0.1:{port}/", process) == 404  # no portal
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors


def patiently(address: str, process: subprocess.Popen[str]) -> int:
    """The status that is answered once the program listens."""
    while process.poll() is None:
        try:
            return int(httpx.get(address, timeout=60).status_code)
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError("the program ended")
