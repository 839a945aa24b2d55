"""What a simulated trajectory city is made of: frozen parameters with their units, read from ``<city>.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.data.simulate.parameters import read_table

# OSM's classes; a road's class is its number here
CLASSES = ("trunk", "primary", "secondary", "tertiary", "residential", "unclassified")
TRUNK, PRIMARY, SECONDARY, TERTIARY, RESIDENTIAL, UNCLASSIFIED = range(len(CLASSES))


@dataclass(frozen=True)
class RoadClass:
    """How roads of one class are built and driven."""

    # one of CLASSES
    name: str
    # share of the lattice's streets that were never built
    gaps: float
    # share of the residential and unclassified streets that end at a road of this class without being let onto it: they are not built
    walled: float
    # share of the places between two streets of one class, without a side street, that are no junction
    merged: float
    # share of streets drawn in two parts, as where the lanes, a bridge or a bus lane begin: the first has one way on
    parted: float
    # share of roads of unknown lanes, and relative weights of 1, 2, 3, … lanes among the others
    lanes_unknown: float
    lanes: tuple[float, ...]
    # m/s of an empty road
    free_speed: float
    # how strongly congestion slows: speed = free speed × level of the hour ^ congestion
    congestion: float
    # chance to be stopped by lights at its end relative to the city's: green waves run along large roads
    lights: float
    # how long a second on it feels to a driver who chooses a way: main roads are known, side streets are not
    felt: float
    # relative number of pick-ups and drop-offs per metre
    stops: float


@dataclass(frozen=True)
class StreetParameters:
    """A bent, jittered lattice of streets with a hierarchy of lines."""

    # WGS84 degrees: west, east, south, north
    box: tuple[float, float, float, float]
    # streets end so many metres inside the box
    margin_m: float
    # lines running north–south, and east–west
    lines: tuple[int, int]
    # distance of neighbouring lines at the edge relative to the centre, and the standard deviation of its logarithm
    edge_spacing: float
    spacing_sd: float
    # standard deviation in metres of the bending common to all lines, and the wave length in km
    bend_m: float
    bend_km: float
    # standard deviation of a junction's place, metres
    jitter_m: float
    # fewest and most lines from one arterial (primary or secondary line) to the next
    arterial_gap: tuple[int, int]
    # the ring road lies so many lines from the centre
    ring: int
    # share of junctions at which a line may change its class
    changes: float
    # share of an arterial's pieces that are one class lower
    lowered: float
    # relative weights of the pieces of other lines: tertiary, residential, unclassified
    local: tuple[float, float, float]
    # pairs of neighbouring one-way streets per 100 lines, and the fewest and most blocks that they are long
    oneway_pairs: int
    oneway_blocks: tuple[int, int]
    # parks, lakes and yards without streets but arterials: their number and range of radius, metres
    parks: int
    park_m: tuple[float, float]
    # share of curved streets, and the standard deviation of their bow relative to their length
    curved: float
    bow: float
    # half the distance in metres of the two carriageways of a trunk or primary street
    carriageway_m: float
    # share of streets cut close to one end, as where a crossing is drawn in parts, and the piece's length in metres
    cut: float
    cut_m: tuple[float, float]
    # streets under construction until the last day: quiet side streets are not among them
    opened: int


@dataclass(frozen=True)
class LandUse:
    """Where one use of the land lies, and the points of interest that it brings."""

    name: str
    # spots per square km, and the standard deviation of a spot's size, metres
    spots: float
    radius_m: float
    # level away from all spots, relative to a spot's peak
    base: float
    # standard deviation in km of the spots around the centre; 0: evenly over the city
    centre_km: float
    # gates per square km, where cars stop for it (a station's forecourt, a mall's entrance), and the share of its trips that use one
    gates: float
    gated: float
    # category -> points of interest per km of road where the use has its mean level
    poi: dict[str, float]


@dataclass(frozen=True)
class TripPurpose:
    """A reason to travel."""

    # names of land uses
    origin: str
    destination: str
    # relative weight by local hour [24], and what a weekend day multiplies it by
    hours: tuple[float, ...]
    weekend: float


@dataclass(frozen=True)
class JourneyParameters:
    """When trips start, how far they go, and how drivers see the streets."""

    # share of trips by local start hour [24]
    hours: tuple[float, ...]
    # the number of trips falls as exp(−driven distance / reach), km
    reach_km: float
    # fewest roads and km of a trip, and the weight of trips of one road fewer and of fewer km
    fewest_roads: int
    fewest_km: float
    short_weight: float
    # most roads of a trip
    most_roads: int
    # first local hour of each period of the day in which drivers expect the same speeds; the last one lasts until the first
    periods: tuple[int, ...]
    # views of the city among drivers, and the standard deviation of the log seconds by which they misjudge a road
    perceptions: int
    misjudged: float
    # trips that start on the same road with the same view
    trips_per_origin: int
    # mean trips of a driver
    trips_per_driver: float


@dataclass(frozen=True)
class TrafficParameters:
    """How fast roads are."""

    # mean speed by local hour relative to an empty city [24], on weekdays; at weekends the slowing is multiplied
    level: tuple[float, ...]
    weekend: float
    # all free speeds are multiplied by it, to meet the papers' mean speed
    scale: float
    # standard deviations of log speed: of a road always, of a driver, a trip and a day
    road_sd: float
    driver_sd: float
    trip_sd: float
    day_sd: float
    # standard deviation of the log strength of a road's congestion, and what is added in the centre, fading over km
    congestion_sd: float
    central: float
    central_km: float
    # share of junctions of local streets only that have lights; where an arterial takes part all have
    local_lights: float
    # chance to be stopped by lights on an empty street, what it grows by when the level falls by 1, and the longest wait in seconds
    stopped: float
    stopped_rush: float
    red_seconds: float
    # seconds lost by a right turn, a left turn, and at a junction without lights
    right_seconds: float
    left_seconds: float
    crossing_seconds: float


@dataclass(frozen=True)
class PointParameters:
    """How a trip is recorded."""

    # seconds between points and their relative weights
    intervals: tuple[int, ...]
    weights: tuple[float, ...]
    # metres of error east and north: the median of trips, the standard deviation of its logarithm, and how long an error lasts in seconds
    error_m: float
    error_sd: float
    error_seconds: float
    # metres of error of every point by itself
    white_m: float
    # shares of trips with a point thrown out of the box, cut off after a few points, and waiting for very long
    thrown: float
    cut_off: float
    waiting: float


@dataclass(frozen=True)
class TrajectoryParameters:
    """All of one city."""

    title: str
    streets: StreetParameters
    classes: tuple[RoadClass, ...]
    uses: tuple[LandUse, ...]
    purposes: tuple[TripPurpose, ...]
    journeys: JourneyParameters
    traffic: TrafficParameters
    points: PointParameters


def load_trajectory(city: str) -> TrajectoryParameters:
    """Read ``<city>.toml`` beside this file."""
    table = read_table(Path(__file__).parent, city)
    classes = tuple(RoadClass(**one) for one in table["classes"])
    if tuple(one.name for one in classes) != CLASSES:
        raise ValueError(f"{city}.toml must describe the classes {', '.join(CLASSES)}, in this order.")
    return TrajectoryParameters(
        title=table["title"], streets=StreetParameters(**table["streets"]), classes=classes,
        uses=tuple(LandUse(**one) for one in table["uses"]), purposes=tuple(TripPurpose(**one) for one in table["purposes"]),
        journeys=JourneyParameters(**table["journeys"]), traffic=TrafficParameters(**table["traffic"]),
        points=PointParameters(**table["points"]))
