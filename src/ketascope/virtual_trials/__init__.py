"""Virtual trials: a design, its simulated replicates, their analysis, and what follows for power and size."""
