"""Observations with their sources, and the ledger that holds the model's predictions against them."""
