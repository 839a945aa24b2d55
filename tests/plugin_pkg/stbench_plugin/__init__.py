"""Methods, a source, a suite and experiments in a package of their own: plain facts here, the rest in the other files."""

from benchmark import ExperimentFile, MethodInfo, Source, SuiteInfo

INFO = MethodInfo("seasonal_naive", "stbench_plugin.method:SeasonalNaive", "a day ago, from the training part's mean day",
                  "folklore", "none", deterministic=True, inputs=("value", "time"))
ENCODER = MethodInfo("hashed_roads", "stbench_plugin.encoder:HashedRoads", "the mean of fixed hashes of a trip's roads", "folklore", "none",
                     family="trajectory", scope="city", inputs=("route",), deterministic=True)
SOURCE = Source("even_town", ("forecasting",), "a town where nothing changes", "CC0-1.0", options="stbench_plugin.source:Options",
                build="stbench_plugin.source:build_town")
SUITE = SuiteInfo("even-town", "Even Town: taxi trips that never change, 30 minutes", "forecasting", ("even-town",), ("taxi_pick",),
                  sources=("even_town level=4",))
EXPERIMENTS = ExperimentFile("plugin", "stbench_plugin")
