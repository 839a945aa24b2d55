"""What methods cost: size, arithmetic, time, memory, energy.

In: a `Request`, as for a run. Out: for each method one timing, a small JSON beside the records, which says what was measured, how often,
on which hardware and with which versions. Sheets of timings are made in `benchmark.report.timing`.

Open first: `measure.py`, all that is measured of one method, in the order in which it is. Then:

    `campaign.py`   a request → the timings that are not there yet, each method in a fresh process → timings
    `figures.py`    what a timing is, as plain data; `files.py` writes and reads it
    `training.py`   watches the ordinary fit, step by step and epoch by epoch, without changing it
    `clock.py`      the time once the device is idle; how long calls take
    `arithmetic.py` floating-point operations, and the operators of which their count knows nothing
    `product.py`    what a large matrix product reaches
    `machine.py`    hardware and versions; `memory.py`, `energy.py`: peaks and joules, where the system counts them

A method's steps, batches and answers are the ordinary ones; which problem is posed and what is asked, the family's measurer says
(`Measurer.workload`). Nothing is timed on the test part.
"""
