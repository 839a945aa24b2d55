"""A method and a source in a package of its own: plain facts here, the rest in `method.py` and `source.py`."""

from benchmark import MethodInfo, Source

INFO = MethodInfo("seasonal_naive", "stbench_plugin.method:SeasonalNaive", "a day ago, from the training part's mean day",
                  "folklore", "none", deterministic=True, inputs=("value", "time"))
SOURCE = Source("even_town", ("forecasting",), "a town where nothing changes", "CC0-1.0", options="stbench_plugin.source:Options",
                build="stbench_plugin.source:build_town")
