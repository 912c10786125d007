"""The model and its data in the tables and formats of other tools: NONMEM-style data sets and event tables, SBML."""
