"""`python -m benchmarks.pixels`."""

from __future__ import annotations

from benchmarks.pixels.run import main

if __name__ == "__main__":
    main()
