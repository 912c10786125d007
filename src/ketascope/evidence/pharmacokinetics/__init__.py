"""Estimation of the pooled pharmacokinetic model from published figures (needs the extra `bayes`)."""
