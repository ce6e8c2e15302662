"""What we keep in Redis beside Celery's queues: who is alive, and a look at how full the queues are.

A name is alive while its key is: it is written again every second and vanishes by itself, so no clocks of two machines
are ever compared.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import redis
import structlog

from infra.errors import BrokerError, SettingsError
from infra.settings import Settings

log = structlog.get_logger(__name__)

CPU, GPU, CONTROL = "cpu", "gpu", "control"
QUEUES = (CPU, GPU, CONTROL)
_ALIVE = "manuspect:alive:"
_LOCK = "manuspect:lock:"
_ONCE = "manuspect:once:"
_QUIET = "manuspect:quiet"
_QUIET_MEMORY = 3600
_COUNTS = "manuspect:counts"
_TTL = 6
"""Seconds after its last sign of life when a process counts as dead."""
_BEAT = 1.0
_OWN = (
    "local owner = redis.call('get', KEYS[1]) "
    "if owner and owner ~= ARGV[1] then return 0 end "
    "redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2]) return 1"
)
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Broker:
    """One a process. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        if settings.broker_url is None:
            raise SettingsError("MANUSPECT_BROKER_URL is not set: there is no broker to send work to.")
        self._url = settings.broker_url.get_secret_value()
        if not self._url.startswith(("redis://", "rediss://", "unix://")):
            raise SettingsError("MANUSPECT_BROKER_URL: only Redis is known, as redis://[:PASSWORD@]HOST:PORT/NUMBER.")

    @cached_property
    def redis(self) -> redis.Redis:
        """The connection pool."""
        return redis.Redis.from_url(self._url, socket_timeout=10, socket_connect_timeout=5, decode_responses=True)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Redis' errors as BrokerError, with the remedy."""
        try:
            yield
        except redis.exceptions.OutOfMemoryError as error:
            raise BrokerError(
                "The broker is full. Give Redis more memory (maxmemory); the work goes on then."
            ) from error
        except (redis.exceptions.RedisError, OSError) as error:
            raise BrokerError(f"The broker cannot be used: {error}. Check MANUSPECT_BROKER_URL.") from error

    def check(self) -> None:
        """Raise BrokerError where Redis does not answer."""
        with self.telling():
            self.redis.ping()

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name has told so in the last seconds."""
        with self.telling():
            return bool(self.redis.exists(_ALIVE + name))

    def alive(self) -> list[str]:
        """Names of all processes alive."""
        with self.telling():
            return sorted(key.removeprefix(_ALIVE) for key in self.redis.scan_iter(f"{_ALIVE}*", count=1000))

    def depth(self, queue: str) -> int:
        """Messages that wait in a queue."""
        with self.telling():
            return int(self.redis.llen(queue))

    def under_way(self) -> int:
        """Messages that were delivered and are neither done nor given back."""
        with self.telling():
            return int(self.redis.hlen("unacked"))

    def quiet_seconds(self) -> float:
        """How long ago this was first asked since `not_quiet` was called."""
        with self.telling():
            self.redis.set(_QUIET, "1", nx=True, ex=_QUIET_MEMORY)
            return _QUIET_MEMORY - int(self.redis.pttl(_QUIET)) / 1000

    def not_quiet(self) -> None:
        """Begin to count anew."""
        with self.telling():
            self.redis.delete(_QUIET)

    def once(self, name: str, seconds: int) -> bool:
        """True for the first that asks within so many seconds."""
        with self.telling():
            return bool(self.redis.set(_ONCE + name, "1", nx=True, ex=seconds))

    def own(self, what: str, name: str, seconds: int) -> bool:
        """Be, or stay, the only owner for so many seconds. False where another is."""
        with self.telling():
            return bool(self.redis.eval(_OWN, 1, _LOCK + what, name, seconds))

    def disown(self, what: str, name: str) -> None:
        """Own it no longer."""
        with self.telling():
            self.redis.eval(_RELEASE, 1, _LOCK + what, name)

    def add_counts(self, counts: Mapping[str, float]) -> None:
        """Add to the counters that `counts` reads."""
        with self.telling(), self.redis.pipeline(transaction=False) as pipe:
            for name, amount in counts.items():
                pipe.hincrbyfloat(_COUNTS, name, amount)
            pipe.execute()

    def counts(self) -> dict[str, float]:
        """All counters since Redis was emptied last."""
        with self.telling():
            return {str(name): float(value) for name, value in self.redis.hgetall(_COUNTS).items()}

    def seconds_up(self) -> int:
        """How long Redis has been up."""
        with self.telling():
            return int(self.redis.info("server")["uptime_in_seconds"])

    @property
    def settled(self) -> bool:
        """Redis has been up long enough for every living process to have told that it is alive."""
        return self.seconds_up() > 2 * _TTL

    @contextmanager
    def lock(self, name: str, seconds: int) -> Iterator[bool]:
        """True for one holder at a time, and at most `seconds` long; never waits."""
        token = secrets.token_hex(8)
        with self.telling():
            held = bool(self.redis.set(_LOCK + name, token, nx=True, ex=seconds))
        try:
            yield held
        finally:
            if held:
                with self.telling():
                    self.redis.eval(_RELEASE, 1, _LOCK + name, token)

    def close(self) -> None:
        """Let go of the connections."""
        if "redis" in self.__dict__:
            self.redis.close()


def process_name(role: str) -> str:
    """A name no other process has or had."""
    return f"{role}@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"[:128]


class Counters:
    """Counts of this process, sent to Redis now and then, where those of all processes add up."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._counts: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, name: str, amount: float) -> None:
        """Count; costs nothing."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0.0) + amount

    def send(self) -> None:
        """Hand over what was counted. Raises BrokerError, and keeps it for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            self._broker.add_counts(counts)
        except BrokerError:
            for name, amount in counts.items():
                self.add(name, amount)
            raise


class Heartbeat:
    """Tells from a thread that this process is alive, until it is stopped or dies."""

    def __init__(self, broker: Broker, name: str, counters: Counters | None = None) -> None:
        """`counters` are sent along."""
        self.name = name
        self._counters = counters
        self._broker = broker
        self._stopped = threading.Event()
        self._tell()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be dead for the others at once."""
        self._stopped.set()
        self._thread.join()
        self._try(lambda: self._broker.redis.delete(_ALIVE + self.name))

    def _run(self) -> None:
        while not self._stopped.wait(_BEAT):
            self._tell()

    def _tell(self) -> None:
        self._try(lambda: self._broker.redis.set(_ALIVE + self.name, "1", ex=_TTL))
        if self._counters is not None:
            self._try(self._counters.send)

    def _try(self, call: Callable[[], object]) -> None:
        """Redis may be away for a while; the next time will do."""
        try:
            with self._broker.telling():
                call()
        except BrokerError as error:
            log.debug("no sign of life was given", reason=str(error))
