"""Places of the United States without a network: words to a point, distances, and the outlines of the states."""

from ketascope.care.places.great_circle import EARTH_RADIUS_KM, distance_km
from ketascope.care.places.outlines import (
    STATES,
    Ring,
    distance_to_state_km,
    near_state,
    outlines,
    plausible_margin_km,
    states_within,
)
from ketascope.care.places.place import Place, find_place
from ketascope.care.places.states import State, state_code, states, zip_state
from ketascope.care.places.towns import town_candidates
from ketascope.care.places.zip_points import ZipPoint, zip_point

__all__ = [
    "EARTH_RADIUS_KM",
    "Place",
    "Ring",
    "STATES",
    "State",
    "ZipPoint",
    "distance_km",
    "distance_to_state_km",
    "find_place",
    "near_state",
    "outlines",
    "plausible_margin_km",
    "state_code",
    "states",
    "states_within",
    "town_candidates",
    "zip_point",
    "zip_state",
]
