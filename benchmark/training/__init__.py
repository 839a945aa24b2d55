"""The one training loop, whatever is trained.

In: a network, a `Stage` (batches, loss, validation loss, optimiser, companions), the options of training, and the run's context with its
generators, budget, progress and checkpoints.
Out: the network with the weights of its best epoch, and a `StageResult` with the losses; a fit that was killed goes on at its last
epoch and ends in the same bits.

Open first: `stage.py`, the only file; `run_stage` is the loop. Batches of windows and of trips are made by the families' own
`forecasting/training.py` and `trajectory/neural.py`, which call it.

Nothing here knows what is forecast or encoded. A method of several phases runs several stages.
"""
