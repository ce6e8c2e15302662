"""Optimizes one Qdrant Edge shard, for the adapter: `python -m search.index.edge_optimize TASK`, TASK being JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import qdrant_edge as edge

from search.index.edge_config import edge_config
from search.index.edge_lock import ShardLock
from search.index.sizing import Tuning

BUSY_EXIT = 75
"""Exit status where another process keeps the shard."""


def main() -> int:
    """Load the shard with the settings for its size, rebuild what they changed, and let go."""
    task = json.loads(sys.argv[1])
    config = edge_config(task["dimension"], Tuning(**task["tuning"]))
    deadline = time.monotonic() + task["timeout"]
    lock = ShardLock(Path(task["folder"]))
    while not lock.acquire():
        if time.monotonic() > deadline:
            sys.stderr.write(f"another process holds the index in {task['folder']}")
            return BUSY_EXIT
        time.sleep(0.05)
    shard = edge.EdgeShard.load(task["folder"], config)
    shard.optimize()
    shard.flush()
    shard.close()
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
