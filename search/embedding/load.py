"""The embedder that the settings name."""

from __future__ import annotations

import structlog
from torch import nn

from infra.settings import Settings
from search.embedding.clip import ClipEmbedder, ImageBatch, TextBatch
from search.embedding.device import choose_placement
from search.embedding.open_clip_models import load_open_clip
from search.embedding.prompts import TEMPLATES, PromptSet

log = structlog.get_logger(__name__)


HANDWRITING = "handwriting"
"""The setting's name for the project's own model."""


def load_embedder(settings: Settings) -> ClipEmbedder:
    """Load `settings.model` on the best device. Raises ModelError that says what to do."""
    placement = choose_placement(settings.device, settings.precision)
    log.info(
        "model placed",
        model=settings.model,
        device=placement.device,
        precision=placement.precision,
        reason=placement.reason,
    )
    name, model, images, texts = _load(settings.model)
    prompts = _prompt_set(settings)
    return ClipEmbedder(
        model,
        images,
        texts,
        name=name,
        placement=placement,
        batch=settings.embed_batch,
        templates=TEMPLATES[prompts],
    )


def asks_for_pictures(settings: Settings) -> bool:
    """Whether a query is one description of a picture rather than words to be found each for itself."""
    return settings.prompts == "picture"


def _load(spec: str) -> tuple[str, nn.Module, ImageBatch, TextBatch]:
    return load_open_clip(spec)


def _prompt_set(settings: Settings) -> PromptSet:
    """General CLIP models were trained on captions; the handwriting model on bare spellings."""
    if settings.prompts != "auto":
        return settings.prompts
    return "plain" if settings.model == HANDWRITING else "word"
