"""Meta-analysis in plain NumPy: effect sizes, pooling, meta-regression, influence, small-study tests, sensitivity.

Every module stands alone: arrays of estimates and variances in, frozen results out. Nothing here knows a drug, a scale
or a file. Results were held against metafor, PyMARE and statsmodels (`docs/pooling-validation.md`).
"""
