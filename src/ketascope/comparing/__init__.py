"""The parts of a comparison: exposure, symptoms, acute effects, harms and practical facts of an option."""
