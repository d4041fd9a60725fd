"""Hostile files by seed, each with what may become of it. `catalogue.hostile_files` lists them all."""
