"""Plan, run, record.

In: a `Request`: methods, a suite, an edition, tasks, a protocol, a preset, a scenario, options and seeds.
Out: one record in the store for every run, a failed one included; what is there already is not done again.

Open first: `jobs.py`, what a job and a plan are. Then in the order of the work:

    `plan.py`         a request → jobs: every spec complete and every name checked before anything is trained
    `campaign.py`     the jobs that are not done yet, given to an engine
    `engines/`        what does jobs: in this process, or in several
    `work.py`         one job: claim, fit, score, record, whatever happens
    `packing.py`      a fitted method ↔ the files that keep it
    `using.py`        a kept method made again, for forecasts and vectors; `making.py` makes one that is not fitted yet
    `environment.py`  what a record says about where it was measured

A method's fault is a record; a fault of the machine is tried again. How a family's methods are fitted and scored is not here: `work.py`
asks the family's measurer.
"""
