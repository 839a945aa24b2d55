"""Readers of raw data: one module a source. `city_file` and `tables` read a user's own city."""
