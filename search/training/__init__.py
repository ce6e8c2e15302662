"""Training of the handwriting model: `train(TrainingConfig(...))`."""

from search.training.config import TrainingConfig
from search.training.loop import TrainingResult, train

__all__ = ["TrainingConfig", "TrainingResult", "train"]
