"""From trial contrasts to an evidence document: what is pooled, at which time, on which scale, and how sure it is."""
