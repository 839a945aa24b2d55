"""Plan, run, record."""
