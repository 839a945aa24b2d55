"""Trajectory baselines."""
