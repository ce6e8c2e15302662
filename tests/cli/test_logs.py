"""Where log lines go and what they carry."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from infra.logs import set_up_logs
from infra.settings import Settings


@pytest.fixture(autouse=True)
def restore() -> object:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_json_lines_on_stderr_with_ids(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(log_json=True), worker="w1")
    structlog.get_logger("workers.pipeline").info("page indexed", document="d", page="p", words=3)
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["document"], line["page"], line["worker"]) == ("page indexed", "d", "p", "w1")


def test_less_than_the_level_is_silent_and_libraries_are_heard_from_warnings_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(Settings(log_level="info"))
    structlog.get_logger("workers").debug("too much")
    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("trouble")
    err = capsys.readouterr().err
    assert "too much" not in err and "chatter" not in err and "trouble" in err
