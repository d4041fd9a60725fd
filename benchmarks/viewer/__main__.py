"""`make bench-viewer`."""

from __future__ import annotations

from benchmarks.viewer.run import main

if __name__ == "__main__":
    main()
