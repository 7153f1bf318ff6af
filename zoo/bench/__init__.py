"""Benchmark results: the zoo compared with other libraries."""
