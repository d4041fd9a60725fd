"""`python -m mammogram_viewer` is the console script."""

from mammogram_viewer.cli.main import main

main()
