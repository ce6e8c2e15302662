"""`python -m workers.healthy cpu|gpu|beat`: exit code 0 while a process of that kind on this host is alive.

For health checks of containers: it asks the broker, as the other workers would, and loads neither model nor database.
"""

from __future__ import annotations

import socket
import sys

from infra.errors import ManuspectError
from infra.settings import Settings, load_settings
from workers.broker import Broker


def is_healthy(settings: Settings, role: str) -> bool:
    """Whether a process of that role on this host has given a sign of life in the last seconds. Raises BrokerError."""
    broker = Broker(settings)
    try:
        return any(name.startswith(f"{role}@{socket.gethostname()}:") for name in broker.alive())
    finally:
        broker.close()


if __name__ == "__main__":
    try:
        sys.exit(0 if is_healthy(load_settings(), sys.argv[1]) else 1)
    except ManuspectError as error:
        sys.exit(f"manuspect: {error}")
