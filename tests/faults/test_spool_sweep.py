"""What a killed process leaves in the spool is swept, and nothing younger."""

from __future__ import annotations

import os
from pathlib import Path

from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.spool import sweep_spool


def test_old_files_and_render_folders_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, spool_max_age_seconds=3600)
    settings.spool_dir.mkdir()
    old_file, young_file = settings.spool_dir / "old", settings.spool_dir / "young"
    old_folder, young_folder = settings.spool_dir / "render-old", settings.spool_dir / "render-young"
    for path in (old_file, young_file):
        path.write_bytes(b"x")
    for path in (old_folder, young_folder):
        path.mkdir()
        (path / "tags.json").write_text("{}")
    for path in (old_file, old_folder):
        os.utime(path, (0, 0))
    assert sweep_spool(settings) == 2
    assert sorted(p.name for p in settings.spool_dir.iterdir()) == ["render-young", "young"]
