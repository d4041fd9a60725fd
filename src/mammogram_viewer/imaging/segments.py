"""Segmented palettes (PS3.3 C.7.9.2): a short notation for lookup tables with flat and rising stretches."""

from __future__ import annotations

from collections.abc import Sequence

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
MOST_ENTRIES = 65_536


def expand_segments(words: Sequence[int], word_bits: int) -> list[int]:
    """All entries; `words` are the fields of the segments, of 8 or 16 bits. Entries between two are rounded to
    nearest, halves up. ValueError when the segments lead outside of themselves or to more than 65,536 entries."""
    entries: list[int] = []
    position = 0
    while position + 1 < len(words):
        position = _expand_one(words, position, word_bits, entries, may_copy=True)
    return entries


def _expand_one(words: Sequence[int], position: int, word_bits: int, entries: list[int], *, may_copy: bool) -> int:
    """Append the entries of the segment at `position`; where the next one begins. Copies do not nest."""
    opcode, length = words[position : position + 2] if position + 1 < len(words) else (-1, 0)
    position += 2
    if opcode == _INDIRECT and may_copy:
        fields = 32 // word_bits  # of the offset in bytes, the least significant first
        if position + fields > len(words):
            raise ValueError("the segments end within an offset")
        offset = sum(word << (word_bits * place) for place, word in enumerate(words[position : position + fields]))
        source = offset * 8 // word_bits
        for _ in range(length):
            source = _expand_one(words, source, word_bits, entries, may_copy=False)
        return position + fields
    taken = length if opcode == _DISCRETE else 1
    fields_there = words[position : position + taken]
    if opcode not in (_DISCRETE, _LINEAR) or len(fields_there) != taken or len(entries) + length > MOST_ENTRIES:
        raise ValueError("there is no such segment")
    if not length and not may_copy:
        raise ValueError("copies of nothing have no end")
    if opcode == _DISCRETE:
        entries += fields_there
    else:
        if not entries:
            raise ValueError("a line begins where nothing is")
        start, rise = entries[-1], fields_there[0] - entries[-1]
        entries += [start + (2 * rise * step + length) // (2 * length) for step in range(1, length + 1)]
    return position + taken
