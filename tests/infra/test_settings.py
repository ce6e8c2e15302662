"""Settings come from arguments, the environment, and files, in that order; wrong ones are named."""

from pathlib import Path

import pytest

from infra.errors import SettingsError
from infra.settings import load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("MANUSPECT_")]:
        monkeypatch.delenv(name)


def test_embedded_state_lives_under_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MANUSPECT_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.catalogue_url == f"sqlite:///{tmp_path}/catalogue.sqlite3"
    assert settings.files_root == (tmp_path / "files").as_uri()
    assert settings.broker_url is None


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANUSPECT_EMBED_BATCH", "7")
    assert load_settings().embed_batch == 7
    assert load_settings(embed_batch=9).embed_batch == 9


def test_a_secret_comes_from_a_file_and_is_never_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql+psycopg://u:hunter2@db/m\n")
    monkeypatch.setenv("MANUSPECT_DATABASE_URL_FILE", str(secret))
    settings = load_settings()
    assert settings.catalogue_url == "postgresql+psycopg://u:hunter2@db/m"
    assert "hunter2" not in repr(settings)


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MANUSPECT_BROKER_URL_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match=r"MANUSPECT_BROKER_URL_FILE.*absent"):
        load_settings()


def test_each_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANUSPECT_EMBED_BATCH", "many")
    monkeypatch.setenv("MANUSPECT_DEVICE", "toaster")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "MANUSPECT_EMBED_BATCH" in str(caught.value)
    assert "MANUSPECT_DEVICE" in str(caught.value)
