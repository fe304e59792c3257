"""Key material: parse, check, generate, fingerprint."""
