"""How it works: one file a step, in the order of the biology, and the parameter tables behind it."""
