"""What to make of an original: the order that a job gives to the disposable child, and the names of what comes out.

A rendition's `kind` says what it shows, e.g. `png8`, `thumbnail512` or `png8.voi-window-2.frame-3.overlays`; with the
image and the recipe version it is the key under which the rendition is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RECIPE_VERSION = 3  # raise it when the same original would give other renditions
BaseKind = Literal["png8", "png16", "thumbnail256", "thumbnail512", "htj2k", "greyscale", "tags"]
# What every upload gets from its one decode; the rest is made when somebody asks for it.
UPLOAD_KINDS: tuple[BaseKind, ...] = ("png8", "thumbnail512", "thumbnail256", "htj2k", "greyscale", "tags")


@dataclass(frozen=True, kw_only=True)
class RenderOrder:
    """`voi` is the id of a `VoiCandidate`, `frame` counts from 1; None stands for the default and the middle frame.
    Neither says anything about png16 (no VOI), htj2k (all frames), greyscale (every VOI) and tags."""

    kinds: tuple[BaseKind, ...] = UPLOAD_KINDS
    voi: str | None = None
    frame: int | None = None
    overlays: bool = False

    def kind(self, base: BaseKind) -> str:
        """The name of one of `kinds` under this order's choices."""
        if base in ("htj2k", "greyscale", "tags"):
            return base
        voi = f".voi-{self.voi}" if self.voi and base != "png16" else ""
        frame = f".frame-{self.frame}" if self.frame else ""
        overlays = ".overlays" if self.overlays and base != "png16" else ""
        return f"{base}{voi}{frame}{overlays}"
