"""How sure a difference is: pure functions of numbers, which know no record and no table.

In: differences of paired seeds, sums of test days, ranks. Out: differences with an interval and a p, corrected p, ranks across tasks.

Open first: `pairs.py`, two methods over the seeds that both have. Then:

    `days.py`        two methods over the days of one test part, where the seeds are too few
    `correction.py`  several comparisons at once, and how few seeds are too few
    `across.py`      methods across tasks: mean ranks, win rates, Friedman's test, Nemenyi's critical difference

Light: numpy only; scipy and scikit-posthocs are loaded where a number is computed.
"""
