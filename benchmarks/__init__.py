"""Measurements of the running product beside plain peers, on this machine, by public tools. docs/benchmarks.md reads
the results."""
