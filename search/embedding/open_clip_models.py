"""Finding an open_clip model by name, name and tag, or local path."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch
from PIL import Image
from torch import Tensor, nn

from infra.errors import ModelError
from search.embedding.clip import ImageBatch, TextBatch
from search.embedding.embedder import Crop

CONFIG = "open_clip_config.json"
_WEIGHTS = (".safetensors", ".pt", ".pth", ".bin")
_PREFERRED_TAGS = ("datacomp_xl_s13b_b90k", "laion2b_s34b_b79k", "webli", "openai")


def load_open_clip(spec: str) -> tuple[str, nn.Module, ImageBatch, TextBatch]:
    """(name, model, image batches, text batches) of `spec`.

    `spec` is NAME, NAME:TAG, NAME:PATH of a checkpoint, hf-hub:OWNER/REPO, a folder with open_clip_config.json and
    weights, or a checkpoint file beside such a config. Raises ModelError that says what to do.
    """
    path = Path(spec).expanduser()
    if path.exists() or (path.suffix in _WEIGHTS and ":" not in spec):
        return _load_path(path)
    if spec.startswith("hf-hub:"):
        return _load(spec, None)
    name, _, source = spec.partition(":")
    if name not in open_clip.list_models():
        raise ModelError(
            f"{spec!r} is neither `handwriting`, nor a path that exists, nor an open_clip model; "
            "`python -c 'import open_clip; print(open_clip.list_models())'` lists the names"
        )
    return _load(name, _tag_or_file(name, source))


def _load_path(path: Path) -> tuple[str, nn.Module, ImageBatch, TextBatch]:
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise ModelError(f"{path}: no such file; check MANUSPECT_MODEL")
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} holds no {CONFIG}, so the shape of the model is unknown; put it beside the weights, "
            "or name the model: MANUSPECT_MODEL=NAME:PATH"
        )
    if path.is_dir():
        if not any(file.suffix in _WEIGHTS for file in path.iterdir()):
            raise ModelError(f"{path} holds no weights ({', '.join(_WEIGHTS)})")
        return _load(f"local-dir:{folder}", None)
    return _load(f"local-dir:{folder}", None, weights=path)


def _tag_or_file(name: str, source: str) -> str:
    """What open_clip calls `pretrained`: a known tag or the path of a checkpoint."""
    tags = open_clip.list_pretrained_tags_by_model(name)
    if source:
        file = Path(source).expanduser()
        if source not in tags and not file.is_file():
            known = ", ".join(tags) or "none: give the path of a checkpoint"
            raise ModelError(f"{source!r} is neither a file nor a set of weights known for {name} (known: {known})")
        return source if source in tags else str(file)
    preferred = [tag for tag in _PREFERRED_TAGS if tag in tags] or tags
    if not preferred:
        raise ModelError(f"open_clip knows no weights for {name}; give them: MANUSPECT_MODEL={name}:PATH")
    return str(preferred[0])


def _load(
    name: str, pretrained: str | None, weights: Path | None = None
) -> tuple[str, nn.Module, ImageBatch, TextBatch]:
    """One model on the CPU in fp32; `weights` replaces what the config's own folder holds."""
    try:
        with _quiet():
            model, _, preprocess = open_clip.create_model_and_transforms(
                name, pretrained, load_weights=weights is None, require_pretrained=weights is None
            )
            if weights is not None:
                open_clip.load_checkpoint(model, str(weights))
            tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # open_clip, hub and torch raise dozens of kinds
        raise ModelError(_why(name, pretrained or str(weights or ""), error)) from error
    shown = (
        Path(name.removeprefix("local-dir:")).name if name.startswith("local-dir:") else name.removeprefix("hf-hub:")
    )
    return shown, model, batch_of(preprocess), texts_of(tokenizer)


def _why(name: str, source: str, error: Exception) -> str:
    what = f"{name} {source}".strip()
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if any(sign in str(error).lower() for sign in ("download", "connection", "resolve", "timed out", "hub", "network")):
        return (
            f"the weights of {what} could not be downloaded ({text}); connect to the network once, "
            "or give a local checkpoint: MANUSPECT_MODEL=NAME:PATH"
        )
    return f"the model {what} cannot be loaded: {text}"


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip writes to the root log and reports failures there before it raises them."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def batch_of(preprocess: Callable[[Image.Image], Tensor]) -> ImageBatch:
    """open_clip's transform of one PIL image, applied to a batch of crops."""

    def images(crops: Sequence[Crop]) -> Tensor:
        return torch.stack([preprocess(Image.fromarray(crop)) for crop in crops])

    return images


def texts_of(tokenizer: Any) -> TextBatch:
    """open_clip's tokenizer, typed."""

    def texts(batch: list[str]) -> Tensor:
        tokens: Tensor = tokenizer(batch)
        return tokens

    return texts
