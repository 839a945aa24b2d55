"""The family of trajectory encoders: trips in, vectors of trips and of roads out, judged by probes that are the same for every method.

In: trajectory cities (`data/trajectory/`), a protocol, tasks, and the class of a method with its options.
Out: the sums of each task, also by start hour, and the floors; `measuring.py` gives them to `benchmark.execution`.

Open first: `contract.py`, what an encoder is, then `problem.py` and `trips.py`, what it sees. Then in the order of a run:

    `protocol.py`   the rules; light, `benchmark/families.py` reads it
    `posing.py`     which trips are learnt from, and what is told of roads and cells
    `neural.py`     an encoder that is a network: training on unlabelled trips, and fine-tuning
    `cuts.py`       what each task shows of a trip and asks; `route_lines.py` replaces points where their number would tell the time
    `exam.py`       all that a city's tasks are judged with; `probes.py` answers, `judging.py` and `judging_paper.py` say by which rules
    `floors.py`     what is reached without any representation
    `measuring.py`  all of it for one run
    `using.py`      what is kept of a fitted method, and what it says of data that nobody scored
"""
