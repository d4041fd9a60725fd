"""`make bench-pixels`: from a file to its pictures, ours beside the naive way, DCMTK and the least there is to do.

A package with a `__main__`, because a fork server's children import any other main module anew."""
