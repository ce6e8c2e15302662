"""The embedder that the settings name."""

from __future__ import annotations

from pathlib import Path

import structlog

from infra.settings import Settings
from search.embedding.clip import ClipEmbedder
from search.embedding.device import choose_placement
from search.embedding.embedder import Embedder
from search.embedding.handwriting import HandwritingEmbedder
from search.embedding.open_clip_models import CONFIG, load_open_clip
from search.embedding.prompts import TEMPLATES

log = structlog.get_logger(__name__)


HANDWRITING = "handwriting"
"""The setting's name for the project's own model."""


def load_embedder(settings: Settings) -> Embedder:
    """Load `settings.model` on the best device. Raises ModelError that says what to do.

    `handwriting` is the project's own model; a weights file without open_clip_config.json beside it is taken for one
    of the same shape, as training writes it. Everything else is open_clip's.
    """
    placement = choose_placement(settings.device, settings.precision)
    log.info(
        "model placed",
        model=settings.model,
        device=placement.device,
        precision=placement.precision,
        reason=placement.reason,
    )
    if settings.model == HANDWRITING:
        return HandwritingEmbedder(None, placement)
    path = Path(settings.model).expanduser()
    if path.is_file() and not (path.parent / CONFIG).is_file():
        return HandwritingEmbedder(path, placement)
    name, model, images, texts = load_open_clip(settings.model)
    templates = TEMPLATES["word" if settings.prompts == "auto" else settings.prompts]
    return ClipEmbedder(
        model, images, texts, name=name, placement=placement, batch=settings.embed_batch, templates=templates
    )
