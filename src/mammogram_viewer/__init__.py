"""Mammogram Viewer: receives, renders and shows mammograms. The map is ARCHITECTURE.md."""

__version__ = "0.1.0"
