"""Analyses of simulated trials: each takes the ratings of many replicates and gives every arm's contrast."""
