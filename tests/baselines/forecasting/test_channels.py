"""The inputs of the authors: an option that changes no id where it is left alone, and says what it sets."""

import pytest

from benchmark.errors import UserError
from benchmark.execution.plan import Request, make_plan
from benchmark.options import as_dict, resolve
from benchmark.registry import registry
from benchmark.spec import as_before, without_unborn


@pytest.mark.parametrize("name", ["gwnet", "stgcn", "mtgnn", "agcrn", "dcrnn", "staeformer", "sttn", "gman", "astgcn",
                                  "mtgnn_joint", "step", "promptst"])
def test_the_default_has_the_options_of_before_and_the_papers_inputs_another_id(name):
    options = registry().load(name).Options
    assert as_before(options) == {"inputs": "full"}
    assert "inputs" not in without_unborn(options, as_dict(options()))
    assert options().channels == 3

    def ids(**given):
        return {run.id for run in make_plan(Request((name,), "nyc", overrides=given, preset="smoke", edition="sim", device="cpu")).runs}

    assert ids() == ids(inputs="full")
    assert not ids() & ids(inputs="paper")


@pytest.mark.parametrize(("name", "paper", "other"), [("gwnet", 2, 1), ("stgcn", 1, 2), ("mtgnn", 2, 1), ("agcrn", 1, 2), ("dcrnn", 2, 1),
                                                      ("staeformer", 3, 2), ("sttn", 1, 2), ("gman", 1, 2), ("astgcn", 1, 2),
                                                      ("mtgnn_joint", 2, 1), ("step", 2, 1), ("promptst", 1, 2)])
def test_other_channels_than_the_papers_beside_its_inputs_are_a_sentence(name, paper, other):
    options = registry().load(name).Options
    assert resolve(options, {"inputs": "paper", "channels": str(paper)}, name).channels == paper
    with pytest.raises(UserError, match=f"inputs=paper means channels={paper}, got channels={other}"):
        resolve(options, {"inputs": "paper", "channels": str(other)}, name)
