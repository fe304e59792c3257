"""Measurements: ratios in one run, never tests."""
