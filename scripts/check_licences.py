"""Fails when something that ships is under a licence that would bind the whole product.

Run by `make check` with the pinned runtime requirements; judges what is installed, by its own metadata."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

# GPL and AGPL bind a program that is linked with them; the LGPL does not bind one that merely imports it, nor the OFL
# of a font one that sets text in it.
_BINDING = re.compile(r"(?<!L)(?<!Lesser )(?<!Library or Lesser )\bA?GPL|Affero|GNU General Public", re.IGNORECASE)
_FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|LGPL|Lesser General|HPND|Unlicense|Zlib|PostgreSQL|0BSD|CC0"
    r"|OFL",
    re.IGNORECASE,
)
# Read by a person, where the metadata say nothing that a machine understands.
_REVIEWED: dict[str, str] = {}


def licence_of(name: str) -> str:
    """What a distribution says about itself: expression, classifiers, or the first words of its free text."""
    found = metadata.metadata(name)
    parts = [found.get("License-Expression") or ""]
    parts += [c.removeprefix("License :: ") for c in found.get_all("Classifier") or [] if c.startswith("License ::")]
    if not any(parts):
        parts.append((found.get("License") or "").split("\n", 1)[0][:100])
    return " | ".join(part for part in parts if part) or _REVIEWED.get(name, "")


def trouble_with(licence: str) -> str | None:
    """Why a licence is refused, or None."""
    if not licence:
        return "says nothing about its licence; read it and add it to _REVIEWED"
    # A choice ("MIT OR GPL-2.0") is ours to make.
    choices = re.split(r"\s+OR\s+", licence)
    if all(_BINDING.search(choice) for choice in choices):
        return "would bind the whole product"
    if not _FREE.search(licence):
        return "is under a licence that nobody has judged; read it and add it to _REVIEWED"
    return None


def main(requirements: Path) -> int:
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    bad = 0
    for name in names:
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform
        if reason := trouble_with(licence):
            sys.stderr.write(f"{name} {reason}: {licence or 'no licence given'}\n")
            bad += 1
    sys.stdout.write(f"{len(names)} distributions judged, {bad} refused.\n")
    return 1 if bad or not names else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
