"""Acts on many things at once: what a request may name, and how those that were refused are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mammogram_viewer.foundation.errors import Invalid, MammogramViewerError
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.foundation.wire import Wire


class Refusal(Wire, frozen=True):
    """Why one thing was left as it is. The others were dealt with."""

    id: int
    code: str
    detail: str


def demand_ids(ids: list[int], *, limit: int, what: str) -> list[int]:
    """Each once, in the order given. Invalid when there is none or when there are more than `limit`."""
    if not ids:
        raise Invalid(f"Name at least one of the {what}.", code="nothing_named")
    unique = list(dict.fromkeys(ids))
    if len(unique) > limit:
        raise Invalid(
            f"{limit} {what} at once are the most (MAMMOGRAM_VIEWER_BULK_THINGS); send them in several requests.",
            code="too_many",
        )
    return unique


def possible(ids: Iterable[int]) -> list[int]:
    """Those that a row could have; PostgreSQL would stumble over the others."""
    return [number for number in ids if 0 < number <= MAX_BIGINT]


def refusals(
    ids: list[int], refused: Mapping[int, MammogramViewerError], unknown: MammogramViewerError
) -> list[Refusal]:
    """In the order in which they were named; `unknown` is told of ids that no row could have."""
    told = []
    for number in ids:
        error = refused.get(number) if 0 < number <= MAX_BIGINT else unknown
        if error is not None:
            told.append(Refusal(id=number, code=error.code, detail=error.detail))
    return told
