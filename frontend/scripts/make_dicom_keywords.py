"""Writes src/features/image/dicomKeywords.json, the tag-to-keyword map of the header table, from pydicom's
dictionary (PS3.6). Run with the project's Python when pydicom is updated; the result is checked in."""

import json
from pathlib import Path

from pydicom.datadict import DicomDictionary

TARGET = Path(__file__).parent.parent / "src/features/image/dicomKeywords.json"

keywords = {f"{tag:08X}": entry[4] for tag, entry in sorted(DicomDictionary.items()) if entry[4]}
TARGET.write_text(json.dumps(keywords, separators=(",", ":")) + "\n")
