"""Forecasting baselines."""
