"""START (card start.md §7)."""

import math
from dataclasses import replace

import pytest
import torch
from made.cuda import needs_cuda
from made.trips import made_city, made_problem, made_trips
from plain.start import plain_bias, plain_contrast, plain_graph, plain_trip

from baselines.layers.padding import Tables
from baselines.layers.ragged import Ragged
from baselines.trajectory.start.augmentation import masked_runs, shifted, trimmed
from baselines.trajectory.start.city_facts import MASK, SPECIAL, mean_seconds, road_features, transfer_shares
from baselines.trajectory.start.encoder import SkippedBranch
from baselines.trajectory.start.method import Start, views_apart
from baselines.trajectory.start.options import StartOptions
from baselines.trajectory.start.time_bias import TimeBias, nearness
from baselines.trajectory.start.visits import Visits
from benchmark.contract import Budget, RunContext
from benchmark.registry import registry

TINY = {**Start.presets["smoke"], "batch_size": 4}


@pytest.fixture(scope="module")
def problem():
    return made_problem(made_city(count=8, road_steps=(2, 9)))


def make(problem, **given):
    torch.manual_seed(0)
    return Start(StartOptions(**{**TINY, **given}), problem)


def with_route(trips, **values):
    return replace(trips, route=replace(trips.route, values={**trips.route.values, **values}))


def route_of(lengths, road, time):
    """Trips on Monday from midnight on."""
    offsets = torch.tensor([0, *lengths]).cumsum(0)
    trips = made_trips(count=len(lengths))
    zeros = torch.zeros(len(lengths), dtype=torch.int64)
    route = replace(trips.route, offsets=offsets, values={"road": torch.tensor(road), "time": torch.tensor(time)})
    return replace(trips, route=route, weekday=zeros, minute=zeros)


# sizes

@pytest.mark.parametrize(("roads", "expected"), [(4996, 6_668_942), (6450, 7_042_620)], ids=["xian", "chengdu"])
def test_the_parameters_are_the_card_s_at_thirty_features(roads, expected):
    city = made_city(roads=roads)
    method = Start(StartOptions(road_class=True), made_problem(replace(city, road_class=torch.arange(roads) % 8)))
    assert method.network.roads.features.shape == (4 + roads, 30)
    assert method.parameter_count() == expected
    parts = {"block": method.network.encoder.blocks[0], "time": method.network.encoder.blocks[0].time, "pool": method.network.pool,
             "graph": method.network.roads}
    sizes = {name: sum(one.numel() for one in part.parameters()) for name, part in parts.items()}
    assert sizes == {"block": 789_953, "time": 193, "pool": 65_792, "graph": 212_608 - 20 * 256}


def test_without_classes_there_are_eight_features_less():
    method = Start(StartOptions(), made_problem(made_city(roads=4996)))
    assert method.parameter_count() == 6_668_942 - 8 * 256 == registry().info("start").parameters


# roads

def test_features_are_lanes_one_way_links_in_and_out_length_and_an_unknown_speed():
    city = made_city(roads=3)
    links = torch.tensor([[0, 1], [0, 2], [1, 2], *([2, 0] for _ in range(9))])
    roads = replace(city.roads, lanes=torch.tensor([0, 2, 7]), oneway=torch.tensor([True, False, False]), links=links,
                    length=torch.tensor([10.0, 30.0, 20.0]))
    features = road_features(replace(city, roads=roads), road_class=False)
    assert not features[:SPECIAL].any()
    expected = [[[0], 1, 6, 2, 0.0], [[2], 0, 1, 1, 1.0], [[4], 0, 2, 6, 0.5]]
    for row, (lanes, oneway, enters, leaves, length) in zip(features[SPECIAL:], expected, strict=True):
        assert row[:5].nonzero()[:, 0].tolist() == lanes
        assert (row[5], row[6:13].argmax(), row[13:20].argmax(), row[20], row[21]) == (oneway, enters, leaves, length, 1)
        assert row.count_nonzero() == 4 + oneway + (length > 0)


def test_classes_are_read_only_if_asked_for(problem):
    assert Start.asks(StartOptions()).road_class is False
    assert Start.asks(StartOptions(road_class=True)).road_class is True
    city = replace(problem.only, road_class=torch.arange(20) % 5)
    assert torch.equal(road_features(city, road_class=True)[SPECIAL:, -5:].argmax(1), city.road_class)
    assert torch.equal(road_features(city, road_class=False), road_features(problem.only, road_class=False))


def test_shares_are_of_arrivals_or_of_departures():
    trips = route_of([3, 3, 2], [0, 1, 2, 0, 1, 3, 2, 1], [0.0, 4.0, 9.0, 0.0, 6.0, 7.0, 0.0, 1.0])
    links = torch.tensor([[0, 1], [1, 2], [1, 3], [2, 1], [3, 0]])
    torch.testing.assert_close(transfer_shares(trips, links, 4, "in"), torch.tensor([2 / 3, 1, 1, 1 / 3, 0]))
    torch.testing.assert_close(transfer_shares(trips, links, 4, "out"), torch.tensor([1, 1 / 2, 1 / 2, 1, 0]))
    torch.testing.assert_close(mean_seconds(trips, 4), torch.tensor([5.0, 3.0, 1.0, torch.nan]), equal_nan=True)


def test_the_graph_s_vectors_are_those_of_a_loop_over_roads_and_heads(problem):
    graph = make(problem, graph_heads=(2, 3, 1)).network.eval().roads
    assert graph.shares[:-24].any()
    torch.testing.assert_close(graph(), plain_graph(graph), rtol=1e-5, atol=1e-5)


def test_the_graph_s_vectors_are_kept_until_a_weight_changes(problem):
    graph = make(problem).network.eval().roads
    with torch.no_grad():
        first = graph()
        assert graph() is first
        graph.layers[0].bias.add_(1)
        assert not torch.equal(graph(), first)


# time

def test_the_bias_by_lines_has_the_values_and_gradients_of_the_formula():
    torch.manual_seed(3)
    bias, apart = TimeBias(), torch.cat([torch.zeros(3), torch.rand(200) * 20, torch.rand(100) * 5000])
    slope = torch.randn(len(apart))

    def gradients(values):
        return torch.autograd.grad((values * slope).sum(), tuple(bias.parameters()))

    fast, plain = bias(1 / (math.e + apart).log()), plain_bias(bias, apart)
    torch.testing.assert_close(fast, plain, rtol=1e-5, atol=1e-6)
    for one, other in zip(gradients(fast), gradients(plain), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_hidden_number_without_slope_does_no_harm():
    bias, near = TimeBias(), torch.linspace(0.01, 1, 50)
    with torch.no_grad():
        bias.widen.weight[:5] = 0
        bias.widen.bias[:2] = 0
    torch.testing.assert_close(bias(near), bias.narrow(torch.nn.functional.leaky_relu(bias.widen(near[:, None]), 0.2))[:, 0])


def test_pairs_with_a_hidden_time_are_of_one_moment():
    layout = Ragged.of_lengths(torch.tensor([3]))
    near = nearness(torch.tensor([5.0, torch.nan, 25.0]), Tables(layout)).view(3, 3)
    expected = torch.tensor([[0.0, 0, 20], [0, 0, 0], [20, 0, 0]])
    torch.testing.assert_close(near, 1 / (math.e + expected).log())


def test_without_time_between_roads_the_bias_cancels(problem):
    method, trips = make(problem), problem.only.unlabelled
    trips = with_route(trips, time=torch.where(trips.route.values["time"] == 5, 0.0, torch.nan))  # as travel_time shows them
    before = method.encode(trips)
    with torch.no_grad():
        for block in method.network.encoder.blocks:
            block.time.narrow.bias.add_(3)
            block.time.widen.weight.mul_(-2)
    torch.testing.assert_close(method.encode(trips), before, rtol=1e-4, atol=1e-5)


def test_time_between_roads_counts(problem):
    method, trips = make(problem), problem.only.unlabelled
    slower = with_route(trips, time=5 + 1.5 * (trips.route.values["time"] - 5))
    slower_at_once = replace(Visits.of(trips), time=slower.route.values["time"])
    with torch.no_grad():
        pooled, _ = method.network.eval().encoded(slower_at_once)
    assert not torch.allclose(pooled, method.encode(trips), atol=1e-4)


def test_minutes_and_weekdays_are_those_of_entry_and_none_where_hidden():
    trips = route_of([4], [0, 1, 2, 3], [30.0, 65.0, 86_400.0, torch.nan])
    visits = Visits.of(replace(trips, weekday=torch.tensor([6]), minute=torch.tensor([1438])))
    assert visits.minute.tolist() == [1439, 1440, 1439, 0]
    assert visits.weekday.tolist() == [7, 7, 1, 0]
    assert visits.row.tolist() == [4, 5, 6, 7]


# trips

@pytest.mark.parametrize("hidden", [False, True])
def test_the_tokens_and_gradients_are_those_of_a_loop_over_trips(problem, hidden):
    network, trips = make(problem, layers=2).network.eval(), problem.only.unlabelled
    if hidden:
        trips = with_route(trips, time=trips.route.values["time"].where(torch.arange(len(trips.route.values["time"])) % 3 == 0, torch.nan))
    visits, vectors = Visits.of(trips), network.roads()
    parts = [values.split(visits.layout.lengths.tolist()) for values in (visits.row, visits.minute, visits.weekday, visits.time)]
    plain = [plain_trip(network, vectors, *trip) for trip in zip(*parts, strict=True)]
    pooled, tokens = network.encoded(visits)
    torch.testing.assert_close(pooled, torch.stack([trip[0] for trip in plain]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tokens, torch.cat([trip[1:] for trip in plain]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(network(trips), pooled)
    weights = [one for name, one in network.named_parameters() if not name.startswith(("recover", "pool", "roads.skips.1"))]

    def gradients(of):
        return torch.autograd.grad((of * torch.linspace(-1, 1, of.numel()).view(of.shape)).sum(), weights, retain_graph=True)

    for one, other in zip(gradients(torch.cat([pooled, tokens])),
                          gradients(torch.cat([torch.stack([trip[0] for trip in plain]), *(trip[1:] for trip in plain)])), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_trip_alone_is_what_it_is_in_a_batch_in_any_order(problem):
    method, trips = make(problem, layers=2), problem.only.unlabelled
    together = method.encode(trips)
    for trip in range(len(trips)):
        torch.testing.assert_close(method.encode(trips.rows(torch.tensor([trip]))), together[trip:trip + 1], rtol=1e-5, atol=1e-5)
    order = torch.arange(8).flip(0)
    torch.testing.assert_close(method.encode(trips.rows(order)), together[order], rtol=1e-5, atol=1e-5)


def test_a_trip_of_more_roads_than_places_is_read_to_its_end():
    problem = made_problem(made_city(count=3, road_steps=(12, 12)))
    method, trips = make(problem, places=5), problem.only.unlabelled
    road = trips.route.values["road"].clone()
    road[-1] = (road[-1] + 1) % 20
    assert not torch.allclose(method.encode(trips)[-1], method.encode(with_route(trips, road=road))[-1], atol=1e-5)


@pytest.mark.parametrize(("kind", "width"), [("pooled", 16), ("last", 16), ("both", 32)])
def test_a_trip_s_vector_is_the_token_in_front_or_that_of_the_last_road(problem, kind, width):
    method, trips = make(problem, trip_vector=kind), problem.only.unlabelled
    vectors = method.encode(trips)
    assert vectors.shape == (8, width)
    with torch.no_grad():
        pooled, tokens = method.network.encoded(Visits.of(trips))
    if kind != "last":
        torch.testing.assert_close(vectors[:, :16], pooled)
    if kind != "pooled":
        torch.testing.assert_close(vectors[:, -16:], tokens[trips.route.offsets[1:] - 1])


def test_a_road_s_vector_is_its_mean_token_and_a_new_road_is_encoded_alone(problem):
    method, trips = make(problem), problem.only.unlabelled
    vectors, network = method.roads("a", trips), method.network.eval()
    with torch.no_grad():
        tokens, driven = network.road_tokens(trips), trips.route.values["road"]
        some = int(driven[0])
        torch.testing.assert_close(vectors[some], tokens[driven == some].mean(0), rtol=1e-5, atol=1e-5)
        for road in (road for road in range(20) if road not in driven.tolist()):
            torch.testing.assert_close(vectors[road], network.lone_roads("a", torch.tensor([road]))[0], rtol=1e-5, atol=1e-5)


def test_a_road_that_no_trip_drives_is_met_at_the_mean_time_under_paper(problem):
    found = []
    for when in ("unknown time", "mean time"):
        network = make(made_problem(replace(problem.only, lone_roads=when))).network.eval()
        seen = []
        network.encoder.register_forward_hook(lambda module, given, made, seen=seen: seen.append(given[0]))
        with torch.no_grad():
            network.lone_roads("a", torch.tensor([3, 8]))
        found.append(seen[0])
    mean = network.minute.weight[1:].mean(0) + network.weekday.weight[1:].mean(0)
    torch.testing.assert_close(found[1][:2], found[0][:2])
    torch.testing.assert_close(found[1][2:] - found[0][2:], mean.expand(2, -1), rtol=1e-4, atol=1e-5)


# views and masks

def test_trimming_cuts_a_run_off_an_end_and_leaves_times_alone():
    trips = made_trips(count=300, road_steps=(1, 60))
    torch.manual_seed(0)
    cut = trimmed(trips)
    lengths, left = trips.route.lengths(), cut.route.lengths()
    shares = (lengths - left) / lengths
    assert bool(((left == lengths) == (lengths == 1)).all())
    assert bool((left >= 1).all())
    long = lengths > 20
    assert float(shares[long].min()) >= 0.025
    assert float(shares[long].max()) <= 0.175
    front, back = 0, 0
    for name in ("road", "time"):
        for whole, part in zip(trips.route.values[name].split(lengths.tolist()), cut.route.values[name].split(left.tolist()), strict=True):
            places = [k for k in range(len(whole) - len(part) + 1) if torch.equal(whole[k : k + len(part)], part)]
            assert places
            front, back = front + (places[0] == 0), back + (places[-1] == len(whole) - len(part))
    assert min(front, back) > 150
    assert torch.equal(cut.minute, trips.minute)


def test_shifting_keeps_the_departure_and_moves_some_times_towards_the_usual():
    trips = made_trips(count=200, roads=20, road_steps=(2, 30))
    lengths = trips.route.lengths().tolist()
    usual = torch.full((20,), 100.0)
    usual[:3] = torch.nan
    torch.manual_seed(0)
    moved = shifted(trips, usual)
    changed = known = 0
    for road, before, after in zip(*(values.split(lengths) for values in (trips.route.values["road"], trips.route.values["time"],
                                                                           moved.route.values["time"])), strict=True):
        assert before[0] == after[0]
        stay, new = before.diff(), after.diff()
        assert bool((after.diff() >= 0).all())
        way = (new - stay) / (usual[road[:-1]] - stay)
        different = (new - stay).abs() > 1e-3
        assert not different[road[:-1] < 3].any()
        assert bool(((way[different] > 0.149) & (way[different] < 0.301)).all())
        changed, known = changed + int(different.sum()), known + int((road[:-1] >= 3).sum())
    assert changed / known == pytest.approx(0.15, abs=0.02)
    assert torch.equal(moved.route.values["road"], trips.route.values["road"])


@pytest.mark.parametrize(("length", "share"), [(2, 0.15), (1, 0.3), (4, 0.5)])
def test_masked_runs_are_a_markov_chain_s(length, share):
    layout = Ragged.of_lengths(torch.full((4000,), 50))
    torch.manual_seed(0)
    masked = masked_runs(layout, length, share).view(4000, 50)
    assert float(masked.float().mean()) == pytest.approx(share, abs=0.01)
    assert float(masked[:, 0].float().mean()) == pytest.approx(share, abs=0.025)
    here, following = masked[:, :-1], masked[:, 1:]
    assert float((here & ~following).sum() / here.sum()) == pytest.approx(1 / length, abs=0.02)
    assert float((~here & following).sum() / (~here).sum()) == pytest.approx(share / (1 - share) / length, abs=0.02)
    # the state after depends on this one alone
    twice = masked[:, :-2] & masked[:, 1:-1]
    once = ~masked[:, :-2] & masked[:, 1:-1]
    stays = [float((some & masked[:, 2:]).sum() / some.sum().clamp(min=1)) for some in (twice, once)]
    assert length == 1 or stays[0] == pytest.approx(stays[1], abs=0.03)


def test_no_share_masks_nothing_and_runs_that_cannot_be_are_refused():
    assert not masked_runs(Ragged.of_lengths(torch.tensor([3, 5])), 2, 0.0).any()
    with pytest.raises(ValueError, match="cover 50% of a trip at most"):
        StartOptions(mask_length=1, mask_probability=0.6)
    with pytest.raises(ValueError, match="two ways"):
        StartOptions(views=("trim",))


def test_numbers_minutes_and_weekdays_of_masked_roads_do_not_matter_and_their_distances_in_time_do(problem):
    network, visits = make(problem).network.eval(), Visits.of(problem.only.unlabelled)
    masked = torch.arange(len(visits.row)) % 3 == 0
    other = replace(visits, row=torch.where(masked, 7, visits.row), minute=torch.where(masked, 9, visits.minute),
                    weekday=torch.where(masked, 2, visits.weekday))
    with torch.no_grad():
        tokens = network.encoded(visits.hidden(masked))[1]
        assert torch.equal(tokens, network.encoded(other.hidden(masked))[1])
        late = replace(visits, time=torch.where(masked, 4000, visits.time))
        assert not torch.allclose(tokens, network.encoded(late.hidden(masked))[1], atol=1e-4)
    assert set(visits.hidden(masked).row[masked].tolist()) == {MASK}


def test_a_vector_is_told_from_all_others_but_itself():
    torch.manual_seed(0)
    one, other = (torch.nn.functional.normalize(torch.randn(5, 6), dim=1).requires_grad_() for _ in range(2))
    fast, plain = views_apart(one, other, 0.5), plain_contrast(one, other, 0.5)
    torch.testing.assert_close(fast, plain)
    for a, b in zip(torch.autograd.grad(fast, (one, other)), torch.autograd.grad(plain, (one, other)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert float(views_apart(one[:1], other[:1], 0.05).detach()) == 0


def test_a_branch_is_skipped_whole_for_a_trip_and_never_in_evaluation():
    layout, skip = Ragged.of_lengths(torch.full((1000,), 3)), SkippedBranch(0.25)
    torch.manual_seed(0)
    x = skip(torch.ones(3000, 2), layout).view(1000, -1)
    assert x.unique().tolist() == pytest.approx([0, 4 / 3])
    assert bool((x == x[:, :1]).all())
    assert float((x[:, 0] == 0).float().mean()) == pytest.approx(0.25, abs=0.04)
    assert torch.equal(skip.eval()(torch.ones(3000, 2), layout), torch.ones(3000, 2))
    assert [block.skip.rate for block in make_encoder(4, 0.3)] == pytest.approx([0, 0.1, 0.2, 0.3])


def make_encoder(layers, rate):
    return make(made_problem(made_city()), layers=layers, depth_dropout=rate).network.encoder.blocks


# learning

@pytest.mark.parametrize("views", [("trim", "shift"), ("mask", "dropout")])
def test_a_step_moves_every_weight_but_the_one_that_only_the_size_holds(problem, views):
    method = make(problem, layers=2, views=views, graph_heads=(2, 2, 1))
    torch.manual_seed(0)
    losses = method.losses(problem.only.unlabelled)
    sum(losses.values()).backward()
    still = [name for name, one in method.network.named_parameters() if one.grad is None or not one.grad.any()]
    assert still == ["roads.skips.1.weight", "roads.skips.2.weight"]
    assert not method.network.minute.weight.grad[0].any()


def test_the_terms_are_weighed_by_their_shares(problem):
    terms = {}
    for share in (0.6, 1.0):
        method = make(problem, recovery_share=share)
        method.network.eval()
        torch.manual_seed(1)
        terms[share] = {name: value.item() for name, value in method.losses(problem.only.unlabelled).items()}
    assert terms[0.6]["recovery"] == pytest.approx(0.6 * terms[1.0]["recovery"])
    assert terms[0.6]["contrast"] > 0 == terms[1.0]["contrast"]


def test_the_step_size_rises_over_the_same_share_of_any_training(problem):
    method = make(problem, epochs=30, warm_up_epochs=4, learning_rate=2e-4)
    whole, half = ([method.rate(epoch, epochs) for epoch in range(1, epochs + 1)] for epochs in (30, 15))
    assert whole[:4] == pytest.approx([0.5e-4, 1e-4, 1.5e-4, 2e-4])
    assert half[:2] == pytest.approx([1e-4, 2e-4])
    assert sorted(whole[3:], reverse=True) == whole[3:]
    assert 0 < whole[-1] < 2e-6
    assert 0 < half[-1] < 5e-6


def test_what_training_trips_tell_is_in_the_state(problem):
    method = make(problem)
    state = method.state_dict()
    torch.testing.assert_close(state["usual"], mean_seconds(problem.only.unlabelled, 20), equal_nan=True)
    assert state["roads.shares"].any()
    elsewhere = make(made_problem(made_city(count=5, seed=3)))
    assert {key: value.shape for key, value in elsewhere.state_dict().items() if key != "roads.shares"} == {
        key: value.shape for key, value in state.items() if key != "roads.shares"}


def test_it_learns_which_road_follows_which_and_which_views_belong_together():
    """Every trip goes round the same ring of ten roads, so a masked road can be told from its neighbours."""
    city = made_city(count=40, road_steps=(8, 12))
    trips = city.unlabelled
    ring = (torch.repeat_interleave(torch.arange(40), trips.route.lengths()) + torch.arange(len(trips.route.values["road"]))) % 10
    trips = with_route(trips, road=ring)
    number = torch.arange(20)
    # a road is known by its features alone
    roads = replace(city.roads, lanes=number % 5, oneway=number % 10 < 5, links=torch.stack([number, (number + 1) % 10], dim=1))
    problem = made_problem(replace(city, roads=roads, unlabelled=trips, validation=trips))
    method = make(problem, width=32, feed_forward_width=32, dropout=0.0, epochs=60, learning_rate=1e-2, batch_size=10,
                  mask_probability=0.3)

    def terms():
        method.network.eval()
        torch.manual_seed(5)
        with torch.no_grad():
            found = [method.losses(trips) for _ in range(5)]
        return {name: sum(float(one[name]) for one in found) / 5 for name in found[0]}

    before = terms()
    method.fit(RunContext(0, torch.device("cpu"), Budget(60, 90)))
    after = terms()
    # a guess among the ten is worth this much
    assert before["recovery"] > 0.6 * math.log(10) > 1.3 * after["recovery"]
    assert after["contrast"] < 0.1 * before["contrast"]


@needs_cuda
def test_it_computes_the_same_on_cuda(problem):
    method, trips = make(problem, layers=2), problem.only.unlabelled
    expected, device = method.encode(trips), torch.device("cuda")
    method.network.to(device)
    torch.testing.assert_close(method.encode(trips.to(device)).cpu(), expected, atol=1e-3, rtol=1e-3)
    assert all(torch.isfinite(one) for one in method.losses(trips.to(device)).values())
