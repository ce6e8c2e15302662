"""The model that answers queries is that of the live index, whatever the settings choose meanwhile.

While the index of a new model is built, and until every process runs with that model, queries still need the old one.
So the weights of the project's own model are kept, beside the page images where several machines share them: a later
version of the program has others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import ManuspectError, ModelError
from infra.files import FileStore

if TYPE_CHECKING:
    from infra.settings import Settings
    from ingest.catalogue.records import SpaceRecord
    from search.embedding.embedder import Embedder
    from workers.context import Context


def keep_weights(context: Context) -> None:
    """Keep what `load_live` needs to load the context's model again. May be repeated."""
    from search.embedding.handwriting import HandwritingEmbedder

    embedder = context.embedder
    if isinstance(embedder, HandwritingEmbedder):
        models, key = _models(context.settings), _key(embedder.space.digest)
        if not models.exists(key):
            models.put_file(embedder.weights, key)


def load_live(context: Context, live: SpaceRecord) -> Embedder:
    """The model of the live index, which is not the one that the settings name. Raises ModelError where it is lost."""
    from search.embedding import load_embedder

    try:
        embedder = load_embedder(_settings(context, live))
    except ManuspectError as error:
        raise _lost(context, live) from error
    if embedder.space.key != live.key:
        raise _lost(context, live)
    return embedder


def drop_weights(context: Context, digest: str) -> None:
    """Forget the weights of a model whose index is gone."""
    _models(context.settings).delete(_key(digest))


def _settings(context: Context, live: SpaceRecord) -> Settings:
    """The context's, but for the model. Raises StorageError."""
    from search.embedding.load import HANDWRITING
    from search.handwriting.model import NAME

    models, key = _models(context.settings), _key(live.digest)
    model = HANDWRITING if live.model == NAME else live.model
    if models.exists(key):
        model = str(models.local_path(key))
    return context.settings.model_copy(update={"model": model})


def _lost(context: Context, live: SpaceRecord) -> ModelError:
    return ModelError(
        f"The collections are indexed with the model {live.model} ({live.key}), which cannot be loaded; the settings "
        f"choose {context.embedder.space.key}. Set MANUSPECT_MODEL back, or embed everything anew by "
        "`manuspect reindex`."
    )


def _models(settings: Settings) -> FileStore:
    url = (
        f"{settings.files_url.rstrip('/')}/models"
        if settings.files_url
        else (settings.home.absolute() / "models").as_uri()
    )
    return FileStore(url, cache_dir=settings.home / "cache")


def _key(digest: str) -> str:
    return f"{digest}.safetensors"
