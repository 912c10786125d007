"""Exact modes for the linear part, triangular collocation for the rest, on dose-aligned grids. Knows no drug."""
