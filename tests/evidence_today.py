"""What the study tables hold today: figures that a new trial moves stand here and in no other test.

Whoever adds a trial reads each new figure before it takes the place of the old one; together they are what the trial
changed (docs/extending/trial.md).
"""

from __future__ import annotations

# Rows of the tables, by the table that they were found in, and trials or reviews (one under several names is one).
TRIALS, COMPARATORS = 56, 119
STUDIES = TRIALS + COMPARATORS
TRIALS_OR_REVIEWS = 168
# Figures that were printed, and the null of Friedman 2007, which printed none.
OUTCOMES = 590 + 1
# Ketamine in PTSD, symptoms: trials in the pool, one of them a bound, and their people.
PTSD_TRIALS = 3
PTSD_PEOPLE = 176
