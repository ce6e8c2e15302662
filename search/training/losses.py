"""What the towers are asked to agree on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from search.handwriting.tokenizer import PAD_ID, encode

PREFIXES = ((256, 1.0), (128, 0.4), (64, 0.3))
"""Leading numbers of a vector that must do alone, and the weight of their loss.

After Kusupati et al., "Matryoshka Representation Learning", 2022."""


def agree(queries: Tensor, keys: Tensor, alike: Tensor, scale: Tensor, apart: Tensor | None = None) -> Tensor:
    """Contrastive loss in which every alike key competes with the unlike keys alone, not with its fellows; a scalar.

    `queries` float (n, d), `keys` float (m, d), `alike` and `apart` bool (n, m): keys alike, and those to be kept
    apart (all others, unless given). Mean over the alike keys of a query, the queries that have some, the prefixes.
    After Khosla et al., "Supervised Contrastive Learning", 2020, with the other positives left out of the
    denominator: a query with many positives, some of them wrong labels, need not make them all equal.
    """
    some = alike.any(dim=1)
    if not bool(some.any()):
        return queries.sum() * 0.0
    queries, alike = queries[some], alike[some]
    apart = ~alike if apart is None else apart[some]
    share = alike.float() / alike.sum(dim=1, keepdim=True)
    total = torch.zeros((), device=queries.device)
    for size, weight in PREFIXES:
        cosine = functional.normalize(queries[:, :size], dim=1) @ functional.normalize(keys[:, :size], dim=1).T
        logits = scale * cosine
        rivals = logits.masked_fill(~apart, -1e4).logsumexp(dim=1, keepdim=True)
        total = total + weight * (share * functional.softplus(rivals - logits)).sum(dim=1).mean()
    return total / sum(weight for _, weight in PREFIXES)


def agree_among(vectors: Tensor, keys: Tensor, alike: Tensor, scale: Tensor) -> Tensor:
    """`agree` where the first n keys are the n vectors themselves: none is its own positive or negative."""
    others = alike.clone()
    others[:, : len(vectors)].fill_diagonal_(False)
    return agree(vectors, keys, others, scale, apart=~alike)


def reading_loss(logits: Tensor, real: Tensor, texts: list[str]) -> Tensor:
    """CTC of one chunk, per character, float (n, t, VOCABULARY) and bool (n, t); texts too long to fit count 0."""
    targets = [encode(text) for text in texts]
    lengths = torch.tensor([len(target) for target in targets])
    flat = torch.tensor([id_ for target in targets for id_ in target], dtype=torch.int64, device=logits.device)
    losses = functional.ctc_loss(
        logits.float().log_softmax(dim=2).transpose(0, 1), flat, real.sum(dim=1).cpu(), lengths,
        blank=PAD_ID, reduction="none", zero_infinity=True,
    )  # fmt: skip
    return losses.sum() / max(int(lengths.sum()), 1)
