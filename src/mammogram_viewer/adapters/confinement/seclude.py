"""Imported by the fork server alone, and last: no child of it may look into it, and its children find the list of
libraries ready made."""

from __future__ import annotations

from mammogram_viewer.adapters.confinement.layers import hide, library_paths

hide()
library_paths()
