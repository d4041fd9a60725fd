"""OHIF as it is published: `@ohif/app` from npm, unpacked into the user's cache. Never shipped, never built."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.13.2"
_INTEGRITY = "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="


def app_folder() -> Path:
    """The folder with its index.html; fetched once, and only if its bytes are those that were looked at."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mammogram-viewer-benchmarks"
    folder = cache / f"ohif-{VERSION}"
    if (folder / "index.html").is_file():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("The comparison with OHIF needs npm: apt-get install nodejs npm")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        packing = [npm, "pack", "--silent", f"@ohif/app@{VERSION}"]
        subprocess.run(packing, cwd=temporary, check=True, timeout=300, stdout=subprocess.DEVNULL)
        archive = next(Path(temporary).glob("*.tgz"))
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != _INTEGRITY:
            raise SystemExit(f"@ohif/app {VERSION} is not the package that was looked at: sha512-{found}")
        with tarfile.open(archive) as tar:
            tar.extractall(temporary, filter="data")
        (Path(temporary) / "package" / "dist").rename(folder)
    return folder
