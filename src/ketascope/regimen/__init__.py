"""What is given: the sentence grammar, the Regimen, its dose events, and the options that people compare."""

from ketascope.regimen.catalogue import Drug, Route, StudiedDose, drugs, highest_studied, routes
from ketascope.regimen.course import Course, Dose
from ketascope.regimen.events import event_rows, read_events
from ketascope.regimen.grammar import parse
from ketascope.regimen.presets import Option, load_presets
from ketascope.regimen.problems import CourseError, SentenceError
from ketascope.regimen.regimen import Regimen
from ketascope.regimen.spans import read_span
from ketascope.regimen.tables import event_text

__all__ = [
    "Course",
    "CourseError",
    "Dose",
    "Drug",
    "Option",
    "Regimen",
    "Route",
    "SentenceError",
    "StudiedDose",
    "drugs",
    "event_rows",
    "event_text",
    "highest_studied",
    "load_presets",
    "parse",
    "read_events",
    "read_span",
    "routes",
]
