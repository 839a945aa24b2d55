"""Every method of the registry keeps every promise of the contract. A new method gets these tests for free."""

import pytest
import torch

from benchmark.contract import RunContext
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.testing import check_method, encoders, forecasting

METHODS, ENCODERS = registry().names("forecasting"), registry().names("trajectory")


def test_the_conformance_suite_runs_over_every_method_that_comes_with_stbench():
    assert {"dcrnn", "agcrn", "stgcn", "gwnet", "gman", "astgcn", "sttn", "mtgnn", "mtgnn_joint", "stid", "staeformer", "step", "promptst",
            "unist", "unitime", "cmust"} <= set(METHODS)
    assert {"random", "word2vec", "node2vec", "transformer", "bert", "toast", "jclrnt", "start", "jgrm", "mvtraj",
            "smartraj2"} <= set(ENCODERS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_keeps_every_promise_of_the_contract(name, tmp_path):
    assert len(check_method(name, tmp_path)) == 16


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_keeps_every_promise_and_knows_nothing_that_a_task_hides(name, tmp_path):
    assert len(check_method(name, tmp_path)) == 16


@pytest.mark.parametrize("name", ENCODERS)
def test_the_last_vector_beside_the_pooled_one_knows_nothing_that_a_task_hides_either(name, tmp_path):
    """The fit is the same whichever vector stands for a trip, so what only looks at fits is not looked at again."""
    bench = encoders.Bench(name, tmp_path, trip_vector="both")
    for check in (encoders.check_vectors, encoders.check_cut_hides_what_comes_after, encoders.check_hidden_times,
                  encoders.check_companions, encoders.check_state_round_trip, encoders.check_answers_alone):
        check(bench)


@pytest.mark.parametrize("name", METHODS)
def test_the_listed_parameter_count_is_that_of_the_default_network_at_206_nodes(name, make_problem):
    info, cls = registry().info(name), registry().load(name)
    # as many training rows as New York has: one method's count depends on them
    method = cls(resolve(cls.Options, {}, name), make_problem(nodes=206, steps=4076))
    assert method.parameter_count() == info.parameters


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("name", METHODS)
def test_a_method_predicts_the_same_on_cpu_and_cuda(name, tmp_path):
    """On the kit's city, which shows what a method asks for: days before the window, and all tasks to one of scope `city`."""
    bench = forecasting.Bench(name, tmp_path)
    moved = bench.make(bench.problem)
    moved.fit(RunContext(0, torch.device("cuda"), forecasting.TINY))
    moved.load_state_dict({key: tensor.cuda() for key, tensor in bench.fitted.state_dict().items()})
    windows = bench.held_out()
    on_cuda = bench.predictions(moved, windows.to(torch.device("cuda"))).cpu()
    torch.testing.assert_close(on_cuda, bench.predictions(bench.fitted, windows), rtol=1e-3, atol=1e-2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gives_the_same_vectors_on_cpu_and_cuda(name, tmp_path):
    bench = encoders.Bench(name, tmp_path)
    moved = bench.make(bench.problem)
    moved.fit(RunContext(0, torch.device("cuda"), encoders.TINY))
    moved.load_state_dict({key: tensor.cuda() for key, tensor in bench.fitted.state_dict().items()})
    trips = bench.whole()
    torch.testing.assert_close(moved.encode(trips.to(torch.device("cuda"))).cpu(), bench.vectors(trips), rtol=1e-3, atol=1e-3)
