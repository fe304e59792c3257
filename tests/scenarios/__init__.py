"""The failures from production that keydeploy exists for, one file each: without it, and with it."""
