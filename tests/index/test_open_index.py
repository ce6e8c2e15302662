"""One index for each space, and an alias that moves in one step."""

import warnings
from pathlib import Path

import pytest

from infra.errors import SettingsError, StorageError
from infra.settings import load_settings
from search.embedding import EmbeddingSpace
from search.index.open_index import aliased_space, drop_index, open_index, point_alias
from search.index.qdrant_edge import QdrantEdgeIndex

OLD = EmbeddingSpace("test", "1" * 64, 8)
NEW = EmbeddingSpace("test", "2" * 64, 8)


def test_a_new_index_is_built_beside_the_live_one(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    assert aliased_space(settings) is None
    old, new = open_index(settings, OLD), open_index(settings, NEW)
    assert isinstance(old, QdrantEdgeIndex)
    assert old.count() == new.count() == 0
    point_alias(settings, OLD)
    assert aliased_space(settings) == OLD.key
    point_alias(settings, NEW)
    assert aliased_space(settings) == NEW.key
    old.close()
    new.close()
    drop_index(settings, OLD.key)
    assert not (tmp_path / "index" / OLD.key).exists()
    with pytest.raises(ValueError, match="live"):
        drop_index(settings, NEW.key)
    drop_index(settings, "never-made")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="MANUSPECT_HOME"):
        open_index(load_settings(home=tmp_path / "file"), OLD)


def test_a_server_url_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="MANUSPECT_QDRANT_URL"):
        open_index(load_settings(qdrant_url="http://[nowhere"), OLD)


def test_a_server_that_does_not_answer_is_a_clear_error() -> None:
    from infra.errors import VectorIndexError

    index = open_index(load_settings(qdrant_url="http://127.0.0.1:9"), OLD)
    with pytest.raises(VectorIndexError, match="Qdrant server"):
        index.count()


def test_an_index_is_built_and_swapped_over_the_wire(wire_port: int) -> None:
    settings = load_settings(qdrant_url=f"http://127.0.0.1:{wire_port - 1}")
    for space in (OLD, NEW):
        index = open_index(settings, space)
        index.upsert([])
        assert index.count() == 0
        point_alias(settings, space)
        assert aliased_space(settings) == space.key
    drop_index(settings, OLD.key)
    with pytest.raises(ValueError, match="live"):
        drop_index(settings, NEW.key)


def test_the_server_alias_moves_in_one_step() -> None:
    from qdrant_client import QdrantClient

    from search.index.qdrant_server import QdrantServerIndex
    from search.index.server_alias import drop, get_alias, set_alias

    client = QdrantClient(":memory:")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(Payload indexes|Local mode)")
        for name, space in (("old", OLD), ("new", NEW)):
            assert QdrantServerIndex(client, name, space).count() == 0
    assert get_alias(client, "words") is None
    set_alias(client, "words", "old")
    set_alias(client, "words", "new")
    assert get_alias(client, "words") == "new"
    drop(client, "old")
    assert not client.collection_exists("old")
