"""Single files of one kind → arrays and frames, strictly: a file that is half right is refused with a sentence, never mended in silence.

In: a path, and what the caller knows of it (frame, columns, box).
Out: numpy arrays, pandas frames, a `RoadNetwork`, `RawTrips` or `PointsOfInterest`; and, where something may be dropped, how much was.

Open first: `tables.py`, for any table or array; `benchmark/data/bounds.py` says how large files may be, and opens all of them (`reading`).
Then by what the file holds:

    roads              `roads_osm.py` (OpenStreetMap), `roads_files.py` (GraphML, edges, segments); both end in `road_rows.py`;
                       `road_joins.py` joins edges that name no junction
    trips              `trip_files.py`, of any layout; then `trip_layouts.py`, and `trip_tables.py`, `trip_polylines.py`, `trip_hdf.py`
    moments of trips   `moments.py`
    points of interest `poi.py`
    columns of times   `times.py`
    HDF5 and .mat      `hdf.py`, `matlab.py`
    pickles            `restricted_pickle.py` (tables), `pickled_graph.py` (sensors and weights), with the small stand-ins of
                       `pickle_parts.py`: nothing of the file is ever run

Readers know no city, no suite and no cache; who calls them does.
"""
