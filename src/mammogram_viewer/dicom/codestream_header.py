"""What the header of one compressed frame says, whichever codec wrote it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodestreamHeader:
    """`process` is the SOF marker of a JPEG; 0 for JPEG 2000. What follows `bits` is known for JPEG 2000 only, but for
    `reversible` and `subsampled`; `levels` are its wavelet decompositions."""

    process: int
    rows: int
    columns: int
    components: int
    bits: int
    signed: bool = False
    reversible: bool = True
    high_throughput: bool = False
    subsampled: bool = False
    shifted_origin: bool = False
    tiles: int = 1
    levels: int = 0
    packets: int = 0
