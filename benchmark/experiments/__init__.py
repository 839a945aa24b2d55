"""Declared grids of runs, each with the table that shows it.

In: what a method declares beside itself, such as the parts that can be removed, and a request that says where and how it is run.
Out: a plan of jobs for `benchmark.execution`, and which jobs belong to which row of the table that `benchmark.report` makes.

Open first: `ablation.py`: the full method, and the method without each part that it declares removable. Its runs are ordinary runs:
one that was done before, by whatever command, is not done again.

A table is made from records alone: an experiment that was broken off shows what is there, and goes on where it stopped. Experiments name
no method and measure nothing by themselves.
"""
