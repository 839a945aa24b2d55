"""From raw files to canonical cities: arrays, node table, card and fingerprint."""
