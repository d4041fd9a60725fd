"""`make bench-gallery`."""

from __future__ import annotations

from benchmarks.gallery.run import main

if __name__ == "__main__":
    main()
