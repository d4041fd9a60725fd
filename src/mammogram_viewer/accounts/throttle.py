"""How often a password may be guessed and an account asked for.

Three moving windows count *failed* sign-ins; a right password never counts:

- account and network (/24, /48), a minute: what one guesser meets first;
- network alone, a minute: one guesser trying many accounts;
- account from everywhere, an hour: many networks trying one account. Once it is full nobody is shut out. Networks from
  which the account signed in within 90 days keep the full first window; unknown ones get two failures a minute.

So a stranger cannot lock a person out: failures from elsewhere never touch the owner's own network, and an owner on a
new network still has two attempts a minute. What remains: somebody in the owner's own network (a shared office address)
can keep the first window full; the audit log names the address. A proxy must pass the clients' addresses on, or all of
them share one network (`MAMMOGRAM_VIEWER_PUBLIC_URL` makes the server read them).

Checks under way hold a place until they end, and further ones wait for it, so that a hundred guesses at once are no way
around a limit of ten.

The counts live in this process (`limits` memory storage): each API process counts for itself, and a restart forgets.
With several API processes the limits are therefore that many times wider, which the password hashing bounds again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from litestar.datastructures import State

from mammogram_viewer.activity.addresses import network_of
from mammogram_viewer.foundation.errors import TooManyRequests, Unavailable
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)

KNOWN_NETWORK_DAYS = 90
_FAILURES_FROM_UNKNOWN_NETWORKS = 2
_KEYS_BEFORE_TIDYING = 10_000


@dataclass
class Attempt:
    """One sign-in under way. It counts only when `failed` is called."""

    has_failed: bool = False

    def failed(self) -> None:
        self.has_failed = True


@dataclass(frozen=True)
class _Window:
    item: RateLimitItem
    key: tuple[str, ...]
    allowed: int


class Throttle:
    """The counts of one process. Used from the event loop alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._under_way: Counter[tuple[str, ...]] = Counter()
        self._one_has_ended = asyncio.Event()
        self._waiting = 0

    @asynccontextmanager
    async def sign_in(
        self, account: str, ip: str | None, is_known_network: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[Attempt]:
        """Hold a place for one password check, or raise TooManyRequests. `is_known_network` is asked only while the
        account is under attack."""
        whole_account = self._account_window(account)
        is_under_attack = self._used(whole_account) >= whole_account.allowed
        is_slowed = is_under_attack and not await is_known_network()
        windows = [self._pair_window(account, ip, is_slowed=is_slowed), self._network_window(ip)]
        await self._take_places(windows)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if attempt.has_failed:
                for window in (*windows, whole_account):
                    self._limiter.hit(window.item, *window.key)
                self._tidy()
            self._give_places_back(windows)

    async def _take_places(self, windows: list[_Window]) -> None:
        """Wait while checks under way could still fill a window (a whole clinic signs in at eight); raise once failures
        have filled it."""
        while True:
            for window in windows:
                self._demand_room(window)
            if all(self._used(window) + self._under_way[window.key] < window.allowed for window in windows):
                self._under_way.update(window.key for window in windows)
                return
            if self._waiting >= self._settings.password_hashes_waiting:
                raise Unavailable("Too many people are signing in at this moment. Try again.", retry_after_seconds=2)
            self._waiting += 1
            try:
                await self._one_has_ended.wait()
            finally:
                self._waiting -= 1

    def _give_places_back(self, windows: list[_Window]) -> None:
        self._under_way.subtract(window.key for window in windows)
        self._under_way += Counter()  # drops what is back at zero
        self._one_has_ended.set()
        self._one_has_ended = asyncio.Event()

    def demand_registration(self, ip: str | None) -> None:
        """Count one registration, or raise TooManyRequests."""
        item = RateLimitItemPerHour(self._settings.register_attempts_per_hour)
        window = _Window(item, ("register", _network(ip)), item.amount)
        self._demand_room(window)
        self._limiter.hit(window.item, *window.key)
        self._tidy()

    def _account_window(self, account: str) -> _Window:
        item = RateLimitItemPerHour(self._settings.login_failures_per_hour)
        return _Window(item, ("account", _short(account)), item.amount)

    def _pair_window(self, account: str, ip: str | None, *, is_slowed: bool) -> _Window:
        item = RateLimitItemPerMinute(self._settings.login_attempts_per_minute)
        allowed = min(item.amount, _FAILURES_FROM_UNKNOWN_NETWORKS) if is_slowed else item.amount
        return _Window(item, ("pair", _short(account), _network(ip)), allowed)

    def _network_window(self, ip: str | None) -> _Window:
        item = RateLimitItemPerMinute(self._settings.address_login_failures_per_minute)
        return _Window(item, ("network", _network(ip)), item.amount)

    def _used(self, window: _Window) -> int:
        return window.item.amount - self._limiter.get_window_stats(window.item, *window.key).remaining

    def _demand_room(self, window: _Window) -> None:
        """Raise when failures alone fill the window."""
        if self._used(window) < window.allowed:
            return
        ends_at = self._limiter.get_window_stats(window.item, *window.key).reset_time
        seconds = max(1, math.ceil(ends_at - time.time()))
        log.warning("throttled", extra={"window": window.key[0], "network": window.key[-1]})
        raise TooManyRequests(
            f"Too many attempts from here. Nothing was changed; try again in {seconds} s.",
            retry_after_seconds=seconds,
        )

    def _tidy(self) -> None:
        """The storage empties old windows but keeps their keys; drop these before they pile up."""
        if len(self._storage.events) > _KEYS_BEFORE_TIDYING:
            for key in [key for key, events in self._storage.events.items() if not events]:
                self._storage.clear(key)


def throttle_of(state: State, settings: Settings) -> Throttle:
    """The process's one throttle, kept in the application's state."""
    throttle = state.get("throttle")
    if throttle is None:
        throttle = state["throttle"] = Throttle(settings)
    return throttle


def _network(ip: str | None) -> str:
    return network_of(ip) or "local"


def _short(account: str) -> str:
    """A key of fixed length, whatever was typed as e-mail; case does not make another account."""
    return hashlib.sha256(account.strip().casefold().encode()).hexdigest()[:24]
