"""What the product is compared with: the least program that does the same work."""
