"""STAEformer's memory against the plain form, which keeps a map of all pairs a head: `make bench`; not part of the normal run."""

import pickle
import sys
from pathlib import Path

import torch
from made.measuring import printed_by_a_child
from plain.staeformer import plain_staeformer

from baselines.forecasting.staeformer import STAEformer, STAEformerOptions
from benchmark.fitting import prepare
from benchmark.forecasting.training import masked_mae
from benchmark.timing.memory import ResidentGrowth

NODES, BATCH = 206, 16


def test_a_step_peaks_below_the_plain_form(benchmark, make_problem, tmp_path):
    """B = 16, N = 206, the authors' channels and sizes: growth of the resident memory over two steps, each form in a process of its own."""
    path = tmp_path / "problem.pickle"
    path.write_bytes(pickle.dumps(make_problem(nodes=NODES)))

    def growth_mb(form):
        return float(printed_by_a_child(__file__, form, path, threads=1))

    peaks = {form: growth_mb(form) for form in ("plain", "fast")}
    benchmark.extra_info |= {f"{form}_mb": peak for form, peak in peaks.items()}
    benchmark.pedantic(growth_mb, args=("fast",), rounds=1)
    print(f"\n{peaks['fast']:,.0f} MB, plain {peaks['plain']:,.0f} MB")
    assert peaks["fast"] < peaks["plain"]


def _growth(form, path):
    """Prints by how many MB two training steps make this process grow at most."""
    prepare("cpu")
    torch.manual_seed(0)
    method = STAEformer(STAEformerOptions(inputs="paper"), pickle.loads(Path(path).read_bytes()))
    network, task, starts = method.network.train(), method.problem.only, torch.arange(BATCH)
    inputs, targets = task.train.inputs(starts), task.train.targets(starts)
    x = torch.cat([inputs.channels(2), inputs.weekday[:, :inputs.history, None, None].expand(-1, -1, NODES, 1).float()], dim=-1)
    optimiser = torch.optim.Adam(network.parameters())
    growth = ResidentGrowth()
    for _ in range(2):
        optimiser.zero_grad(set_to_none=True)
        answers = network(inputs) if form == "fast" else plain_staeformer(network, x)
        masked_mae(task.scaler.unscale(answers), targets).backward()
        optimiser.step()
    print(growth.mb())


if __name__ == "__main__":
    _growth(*sys.argv[1:])
