"""The baselines, one module (or small package) each.

In: the public names of `benchmark`, and nothing else of it: a problem to fit, inputs or trips to answer for.
Out: classes of methods, told to the registry by each family's catalogue as plain data with a lazy target, so that lists import no torch.

Open first: `forecasting/linear.py`, a whole method in one page, or `forecasting/stid.py`, a whole network; `trajectory/word2vec.py` for
trips. Then `forecasting/catalogue.py` and `trajectory/catalogue.py`: adding a baseline is a module and an entry there.

`layers/` holds the true layers that two or more methods share. A method says what it is in its docstring: the paper, where the code came
from, and what differs from the authors' (`DEVIATION:`).
"""
