"""Individual parameters from a person's own concentrations: for research use, not for dosing."""
