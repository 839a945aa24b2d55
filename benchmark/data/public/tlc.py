"""Yellow-taxi trips of New York's TLC, of every schema since 2009 → rides between taxi zones, or between the cells of a grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.data.grid import Grid
from benchmark.data.public.rides.batches import NUMBER, TEXT, TIME, Column
from benchmark.data.public.rides.cells import between
from benchmark.data.public.rides.cleaning import Rows, keys_of
from benchmark.data.public.rides.count import Ends

TASKS = {"crowd_in": Ends("drop", persons=True), "crowd_out": Ends("pick", persons=True),
         "taxi_pick": Ends("pick"), "taxi_drop": Ends("drop")}
# LocationIDs of Manhattan's taxi zones; 103, 104 and 105 are islands
MANHATTAN = (4, 12, 13, 24, 41, 42, 43, 45, 48, 50, 68, 74, 75, 79, 87, 88, 90, 100, 103, 104, 105, 107, 113, 114, 116, 120, 125, 127, 128,
             137, 140, 141, 142, 143, 144, 148, 151, 152, 153, 158, 161, 162, 163, 164, 166, 170, 186, 194, 202, 209, 211, 224, 229, 230,
             231, 232, 233, 234, 236, 237, 238, 239, 243, 244, 246, 249, 261, 262, 263)
LARGEST_ID, UNKNOWN_ID = 265, 264
# names of the columns in all releases
_RIDE = (Column("pick_time", TIME, ("tpep_pickup_datetime", "Trip_Pickup_DateTime", "pickup_datetime")),
         Column("drop_time", TIME, ("tpep_dropoff_datetime", "Trip_Dropoff_DateTime", "dropoff_datetime")),
         Column("miles", NUMBER, ("trip_distance",)), Column("passengers", NUMBER, ("passenger_count",)),
         # they tell trips apart
         Column("vendor", TEXT, ("VendorID", "vendor_id", "vendor_name"), needed=False),
         Column("paid", NUMBER, ("total_amount", "Total_Amt"), needed=False))
# all Parquet files but those of 2009 and 2010
BY_ZONE = (*_RIDE, Column("origin", NUMBER, ("PULocationID",)), Column("destination", NUMBER, ("DOLocationID",)))
# the CSV files of 2009 to June 2016, the Parquet files of 2009 and 2010, and samples in metres
BY_PLACE = (*_RIDE, Column("pick_lon", NUMBER, ("pickup_longitude", "Start_Lon", "pickup_x")),
            Column("pick_lat", NUMBER, ("pickup_latitude", "Start_Lat", "pickup_y")),
            Column("drop_lon", NUMBER, ("dropoff_longitude", "End_Lon", "dropoff_x")),
            Column("drop_lat", NUMBER, ("dropoff_latitude", "End_Lat", "dropoff_y")))


def zone_rows(batch: Mapping[str, np.ndarray], columns: np.ndarray) -> Rows:
    """Rows as rides between zones. columns: [LocationID] node; −1: none."""
    ends = [batch[end] for end in ("origin", "destination")]
    known = [(end >= 1) & (end <= LARGEST_ID) & (end != UNKNOWN_ID) for end in ends]
    places = [np.where(one, columns[np.where(one, end, 0).astype(np.int64)], -1) for end, one in zip(ends, known, strict=True)]
    return Rows(batch["pick_time"], batch["drop_time"], places[0], places[1], known[0] & known[1],
                keys_of(batch, [column.name for column in BY_ZONE]), batch["miles"], batch["passengers"])


def cell_rows(batch: Mapping[str, np.ndarray], grid: Grid, frame: str) -> Rows:
    """Rows as rides between cells."""
    return between(batch, grid, BY_PLACE, frame, miles=batch["miles"], passengers=batch["passengers"])
