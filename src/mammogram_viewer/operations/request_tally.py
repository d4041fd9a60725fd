"""HTTP requests of this process, counted by route. `web/headers.py` notes each one, `/metrics` reads.

On the way of every request, so it is plain dictionaries in one thread: 1 µs, where the client library's own counters
take four. Routes are the templates of our own router, never a path that somebody sent."""

from __future__ import annotations

from bisect import bisect_left

# Upper ends, seconds.
LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Route:
    """What came in for one method and template. `buckets` has one more place than `LATENCY_SECONDS`; not cumulative."""

    __slots__ = ("buckets", "statuses", "sum_seconds")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(LATENCY_SECONDS) + 1)
        self.sum_seconds = 0.0


class RequestTally:
    """One instance an application."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Route] = {}

    def note(self, method: str, template: str | None, status: int, seconds: float) -> None:
        """One answer; `seconds` until its head left. `template` None: no route was found."""
        key = (method if method in _METHODS else "other", template or "none")
        route = self.routes.get(key)
        if route is None:
            route = self.routes[key] = Route()
        route.statuses[status] = route.statuses.get(status, 0) + 1
        route.buckets[bisect_left(LATENCY_SECONDS, seconds)] += 1
        route.sum_seconds += seconds
