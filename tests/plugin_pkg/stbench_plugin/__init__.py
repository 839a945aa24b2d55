"""A method in a package of its own: plain facts here, the method in `method.py`."""

from benchmark import MethodInfo

INFO = MethodInfo("seasonal_naive", "stbench_plugin.method:SeasonalNaive", "a day ago, from the training part's mean day",
                  "folklore", "none", deterministic=True, inputs=("value", "time"))
