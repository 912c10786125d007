"""What every Bayesian fit of the package shares: whether its chains agree, and what it needs to run at all."""
