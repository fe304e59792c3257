"""HTML reports in a real browser."""
