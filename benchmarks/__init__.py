"""Measurements: ratios in one run, never tests. docs/development.md tells how to read them."""
