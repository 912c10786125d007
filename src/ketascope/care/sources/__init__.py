"""Public files of places turned into rows of one shape: what is used, what is not, and why not."""
