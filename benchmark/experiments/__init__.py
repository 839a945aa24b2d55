"""Declared grids of runs."""
