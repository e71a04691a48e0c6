"""Benchmarks side by side, and the accuracy scorer."""
