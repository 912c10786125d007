"""The symptom model held against the published trials: estimation, prediction of trials left out, and the ledger."""
