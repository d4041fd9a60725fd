"""Drills: long trials of the whole product that `make drill-…` starts by hand."""
