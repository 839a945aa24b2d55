"""JCLRNT (card jclrnt.md §7)."""

from dataclasses import replace

import pytest
import torch
from made.cuda import needs_cuda
from made.trips import made_city, made_problem, made_trips
from plain.jclrnt import plain_contrast, plain_losses, plain_transition_scores

from baselines.layers.ragged import Ragged
from baselines.trajectory.jclrnt import contrast as contrasting
from baselines.trajectory.jclrnt.contrast import contrast, contrast_with_own
from baselines.trajectory.jclrnt.method import JCLRNT, JCLRNTOptions, kept_units
from baselines.trajectory.jclrnt.transitions import transition_links, transition_scores
from benchmark.contract import Budget, RunContext
from benchmark.registry import registry
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.trips import TripView
from benchmark.trajectory.using import no_trips

TINY = {"width": 16, "feed_forward_width": 16, "heads": 2}
FORMS = ["single_view", "multi_view"]


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=8, road_steps=(3, 9)))


def make(problem, **given):
    torch.manual_seed(0)
    return JCLRNT(JCLRNTOptions(**{**TINY, **given}), problem)


def with_roads(trips, roads):
    return replace(trips, route=TripView(trips.route.offsets, {**trips.route.values, "road": roads}))


@pytest.mark.parametrize(("roads", "form", "expected"), [
    (4996, "single_view", 872_192), (6450, "single_view", 1_058_304), (4996, "multi_view", 905_728), (6450, "multi_view", 1_091_840)])
def test_the_parameters_are_the_card_s(roads, form, expected):
    method = JCLRNT(JCLRNTOptions(form=form), made_problem(made_city(roads=roads)))
    assert method.parameter_count() == expected
    assert registry().info("jclrnt").parameters == 872_192


# contrast

def some_pairs(rows=9, columns=9, scale=1.0):
    draw = torch.Generator().manual_seed(1)
    return [(scale * torch.randn(count, 4, generator=draw)).requires_grad_() for count in (rows, columns)]


def assert_same_with_gradients(ours, plain, inputs):
    torch.testing.assert_close(ours, plain, rtol=1e-5, atol=1e-5)
    for one, other in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(plain, inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_a_contrast_is_the_card_s_formula_over_all_pairs(scale):
    inputs, positive = some_pairs(columns=7, scale=scale), torch.rand(9, 7, generator=torch.Generator().manual_seed(0)) < 0.3
    assert_same_with_gradients(contrast(*inputs, positive), plain_contrast(*inputs, positive), inputs)


@pytest.mark.parametrize("rows", [2, 9, 512])
@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_contrast_with_one_s_own_in_parts_is_that_of_the_whole_table(rows, scale, monkeypatch):
    monkeypatch.setattr(contrasting, "ROWS", rows)
    inputs = some_pairs(scale=scale)
    ours = contrast_with_own(*inputs, torch.arange(9))
    assert_same_with_gradients(ours, plain_contrast(*inputs, torch.eye(9, dtype=torch.bool)), inputs)


def test_drawn_rows_are_contrasted_with_all_columns_and_their_own_is_no_negative():
    (one, other), rows = some_pairs(), torch.tensor([7, 0, 4])
    positive = torch.eye(9, dtype=torch.bool)[rows]
    assert_same_with_gradients(contrast_with_own(one[rows], other, rows), plain_contrast(one[rows], other, positive), [one, other])


def test_without_negatives_or_positives_a_contrast_is_finite():
    one, other = some_pairs(rows=1, columns=1)
    assert torch.isfinite(contrast_with_own(one, other, torch.tensor([0])))
    for positive in (True, False):
        assert torch.isfinite(contrast(one, other, torch.tensor([[positive]])))


def test_no_table_of_all_pairs_of_roads_is_kept_for_the_backward_pass(monkeypatch):
    monkeypatch.setattr(contrasting, "ROWS", 12)
    problem, shapes = made_problem(made_city(roads=40)), []

    def keep(tensor):
        shapes.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        make(problem).losses(problem.only.unlabelled)
    assert shapes
    assert not [shape for shape in shapes if shape[-2:] in ((40, 40), (12, 40))]


# losses

@pytest.mark.parametrize("form", FORMS)
def test_the_losses_are_those_of_padded_trips_and_whole_tables(problem, form, monkeypatch):
    monkeypatch.setattr(contrasting, "ROWS", 7)
    method, trips = make(problem, form=form, edge_dropout=0.0, dropout=0.0), problem.only.unlabelled
    torch.nn.init.normal_(method.network.graphs[0].table.weight)
    layout = Ragged.of(trips.route.offsets)
    torch.manual_seed(3)
    kept = [torch.zeros(len(layout.sequence), dtype=torch.bool).index_fill(0, kept_units(layout, 0.2), True) for _ in range(2)]
    torch.manual_seed(3)
    ours = method.losses(trips)
    plain = plain_losses(method.network, 0.8, trips, kept)
    assert not kept[0].all()
    assert list(ours) == list(plain)
    weights = list(method.network.parameters())
    for name, loss in ours.items():
        torch.testing.assert_close(loss, plain[name], rtol=1e-5, atol=1e-5)
        slopes, expected = (torch.autograd.grad(one, weights, retain_graph=True, materialize_grads=True) for one in (loss, plain[name]))
        for one, other in zip(slopes, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_trips_with_roads_alone_are_contrasted_where_they_have_the_whole_weight(problem):
    assert set(make(problem, road_trip_weight=1.0).losses(problem.only.unlabelled)) == {"trips with roads"}
    assert JCLRNTOptions().road_trip_weight in JCLRNT.sweeps["road_trip_weight"]


def test_trips_are_hardly_told_apart_before_training():
    """Sinusoids and norms give all trips like vectors of a large inner product (card: 66)."""
    problem = made_problem(made_city(count=32, road_steps=(11, 40), roads=300))
    torch.manual_seed(0)
    loss = JCLRNT(JCLRNTOptions(), problem).losses(problem.only.unlabelled)["trips"] / 0.1
    assert 20 < float(loss.detach()) < 128


def test_the_two_versions_of_roads_and_of_trips_differ_in_training(problem):
    network, trips = make(problem).network.train(), problem.only.unlabelled
    for one, other in (network.road_versions(), network.trip_versions(trips, 0.2)):
        assert not torch.equal(one, other)


def test_what_trips_are_made_of_has_all_links_in_training_too(problem):
    network = make(problem).network
    (expected,) = network.eval().tables()
    (table,) = network.train().tables()
    assert torch.equal(table, expected)
    assert not torch.equal(network.road_versions()[0], expected)


@pytest.mark.parametrize("form", FORMS)
def test_every_parameter_has_a_gradient(problem, form):
    method = make(problem, form=form, roads_per_step=5)
    torch.nn.init.normal_(method.network.graphs[0].table.weight)
    sum(method.losses(problem.only.unlabelled).values()).backward()
    for name, parameter in method.network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


# dropped roads

def test_a_trip_keeps_one_road_at_least_and_about_the_share_that_is_asked_for():
    layout = Ragged.of_lengths(torch.tensor([1, 3, 2] * 50))
    torch.manual_seed(0)
    kept = kept_units(layout, 0.999)
    assert torch.bincount(layout.sequence[kept], minlength=150).tolist() == [1] * 150
    assert torch.equal(kept_units(layout, 0.0), torch.arange(300))
    many = Ragged.of_lengths(torch.tensor([1000, 0, 1000]))
    assert 1500 < len(kept_units(many, 0.2)) < 1700


def test_a_dropped_road_is_not_seen_but_places_count_it(problem, monkeypatch):
    method, trips = make(problem), problem.only.unlabelled
    network, roads = method.network.eval(), trips.route.values["road"]
    kept = (torch.arange(len(roads)) % 3 > 0).nonzero()[:, 0]
    monkeypatch.setattr("baselines.trajectory.jclrnt.method.kept_units", lambda *_: kept)
    changed = with_roads(trips, torch.where(torch.arange(len(roads)) % 3 > 0, roads, 7))
    assert torch.equal(network.trip_versions(trips, 0.2)[0], network.trip_versions(changed, 0.2)[0])
    table, one = network.tables()[0], Ragged.of_lengths(torch.tensor([1]))
    early, late = (network.tokens(table, roads[:1], torch.tensor([place]), one) for place in (0, 5))
    assert not torch.allclose(early, late, atol=1e-3)


# vectors

@pytest.mark.parametrize("form", FORMS)
def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem, form):
    method, trips = make(problem, form=form), problem.only.unlabelled
    together = method.encode(trips)
    assert together.shape == (8, 16)
    for trip in range(len(trips)):
        torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
    order = torch.arange(8).flip(0)
    torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_the_order_of_roads_counts_and_their_times_do_not(problem):
    method, trips = make(problem), problem.only.unlabelled.rows(torch.tensor([0]))
    torch.nn.init.normal_(method.network.graphs[0].table.weight)
    assert not torch.allclose(method.encode(trips), method.encode(with_roads(trips, trips.route.values["road"].flip(0))), atol=1e-4)
    hidden = replace(trips, minute=trips.minute + 1, route=TripView(trips.route.offsets, {**trips.route.values,
                                                                                         "time": trips.route.values["time"] * torch.nan}))
    assert torch.equal(method.encode(trips), method.encode(hidden))


def test_a_road_s_vector_is_the_graph_s_or_the_bare_table_s_and_trips_are_made_of_it(problem):
    for given in ("graph", "table"):
        method = make(problem, road_vectors=given)
        graph, trips = method.network.eval().graphs[0], problem.only.unlabelled
        with torch.no_grad():
            assert torch.equal(method.roads("a", trips), graph() if given == "graph" else graph.table.weight)
        before = method.encode(trips)
        graph.links = graph.links[:, :0]
        graph._kept = None
        assert torch.equal(method.encode(trips), before) == (given == "table")


# the second graph

def test_transition_scores_are_those_of_a_loop_over_pairs():
    trips = made_trips(count=40, road_steps=(1, 9))
    torch.testing.assert_close(transition_scores(trips, 22), plain_transition_scores(trips, 22))


def test_roads_above_the_threshold_are_linked_and_none_where_there_is_no_trip():
    trips, links = made_trips(count=6, roads=50), transition_links(made_trips(count=6, roads=50), 50, 0.6)
    scores = plain_transition_scores(trips, 50)
    assert links.tolist() == [[a, b] for a in range(50) for b in range(50) if scores[a, b] > 0.6]
    assert transition_links(no_trips("a"), 50, 0.6).shape == (0, 2)


def test_with_two_graphs_vectors_are_sums_over_one_table_of_roads(problem):
    method, trips = make(problem, form="multi_view"), problem.only.unlabelled
    links, followers = method.network.eval().graphs
    assert links.table is followers.table
    with torch.no_grad():
        torch.testing.assert_close(method.roads("a", trips), links() + followers())
        layout, roads = Ragged.of(trips.route.offsets), trips.route.values["road"]
        expected = sum(layout.mean(method.network.tokens(graph(), roads, layout.place, layout)) for graph in (links, followers))
    torch.testing.assert_close(method.encode(trips), expected)


def test_a_state_holds_the_second_graph_for_a_problem_without_trips(problem):
    method, trips = make(problem, form="multi_view"), problem.only.unlabelled
    state = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    city = problem.only
    fresh = make(TrajectoryProblem({"a": replace(city, unlabelled=no_trips("a"), validation=no_trips("a"))}), form="multi_view")
    fresh.load_state_dict(state)
    assert len(state["transitions"][0])
    assert torch.equal(fresh.encode(trips), method.encode(trips))


# learning

@pytest.mark.parametrize("form", FORMS)
def test_it_learns_which_roads_go_with_which_trips(form):
    """Four quarters of ten roads, which no link and no trip leaves."""
    draw, made = torch.Generator().manual_seed(0), made_city(count=20, roads=40, road_steps=(4, 8))
    home, quarter = torch.arange(20) % 4, torch.arange(40) // 10
    links = 10 * quarter.repeat_interleave(3)[:, None] + torch.randint(10, (120, 2), generator=draw)
    route = made.unlabelled.route
    trips = with_roads(made.unlabelled, 10 * home.repeat_interleave(route.lengths()) + route.values["road"] % 10)
    problem = made_problem(replace(made, unlabelled=trips, validation=trips, roads=replace(made.roads, links=links)))
    method = make(problem, form=form, layers=1, dropout=0.0, epochs=30, learning_rate=1e-2, batch_size=10)
    run = RunContext(0, torch.device("cpu"), Budget(30, 30))
    method.fit(run)
    assert run.history[0]["validation_loss"] > 0.3
    assert run.history[-1]["validation_loss"] < -0.3
    with torch.no_grad():
        products = method.network.trip_versions(trips, 0.0)[0] @ method.network.tables()[-1].T
    near = home[:, None] == quarter
    assert (products[near][:, None] > products[~near]).float().mean() > 0.85


@needs_cuda
def test_it_computes_the_same_on_cuda(problem):
    method, trips = make(problem, road_dropout=0.0), problem.only.unlabelled
    method.network.eval()
    torch.manual_seed(0)
    expected, losses = method.encode(trips), sum(method.losses(trips).values())
    method.network.cuda()
    there = trips.to(torch.device("cuda"))
    torch.testing.assert_close(method.encode(there).cpu(), expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(sum(method.losses(there).values()).cpu(), losses, atol=1e-3, rtol=1e-3)
