"""Words to vectors to hits: embedders, vector index, query engine, evaluation, training."""
