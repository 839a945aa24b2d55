"""SMARTraj2's losses, training and vectors of roads; city features (card §3.6, §4, §6)."""

import copy
import math
from dataclasses import fields, replace
from itertools import pairwise

import pytest
import torch
from made.trips import made_city, made_problem
from plain.smartraj2 import plain_loss, plain_matching

from baselines.trajectory.multi_view.encoder import TINY_VIEWS
from baselines.trajectory.multi_view.streams import ROUTE, concatenated
from benchmark.contract import Budget, RunContext
from methods.smartraj2.city_features import FEATURES, city_features, quantities, shares, statistics
from methods.smartraj2.losses import difference_loss, loss_terms
from methods.smartraj2.method import SMARTraj2
from methods.smartraj2.options import SMARTraj2Options


def two_cities(**more):
    return made_problem(made_city("a", count=12, **more), made_city("b", roads=25, cells=22, count=7, seed=1, **more))


@pytest.fixture(scope="module")
def problem():
    return two_cities()


def make(problem, **given):
    torch.manual_seed(0)
    return SMARTraj2(SMARTraj2Options(**{**TINY_VIEWS, "batch_size": 4, **given}), problem)


def context(epochs=1):
    return RunContext(0, torch.device("cpu"), Budget(epochs, 30))


# the difference loss

def spelled_out(s, i, reduction):
    s, i = (x / x.norm(dim=1, keepdim=True) for x in (s, i))
    if reduction == "per_sample":
        return torch.stack([(a @ b) ** 2 for a, b in zip(s, i, strict=True)]).mean()
    table = (s.T @ i).square()
    return table.mean() if reduction == "mean" else table.sum() / len(s) ** 2


@pytest.mark.parametrize("reduction", ["mean", "batch", "per_sample"])
def test_the_difference_loss_is_the_squared_product_of_both_matrices(reduction):
    torch.manual_seed(0)
    s, i = torch.randn(2, 5, 12)
    torch.testing.assert_close(difference_loss(s, i, reduction), spelled_out(s, i, reduction))


def test_the_released_form_hardly_tells_identical_from_independent_vectors_and_the_others_do():
    torch.manual_seed(0)
    s, i = torch.randn(2, 64, 1024)
    identical, independent = ({name: float(difference_loss(s, other, name)) for name in ("mean", "batch", "per_sample")}
                              for other in (s, i))
    # the card measured 6.5e-5 and 6.1e-5
    assert identical["mean"] == pytest.approx(6.5e-5, rel=0.05)
    assert independent["mean"] == pytest.approx(6.1e-5, rel=0.05)
    assert identical["mean"] <= (64 / 1024) ** 2
    assert identical["per_sample"] == pytest.approx(1, abs=1e-5)
    assert independent["per_sample"] < 0.01
    same = torch.randn(1, 1024).expand(64, -1)
    assert float(difference_loss(same, same, "batch")) == pytest.approx(1, abs=1e-4)
    assert float(difference_loss(same, same, "mean")) == pytest.approx((64 / 1024) ** 2, rel=1e-4)


def test_orthogonal_vectors_of_each_trip_have_no_loss_per_sample_and_orthogonal_columns_none_over_the_batch():
    torch.manual_seed(0)
    s, i = torch.zeros(2, 6, 10)
    s[:, :5], i[:, 5:] = torch.randn(2, 6, 5)
    assert float(difference_loss(s, i, "per_sample")) == 0
    assert float(difference_loss(s, i, "batch")) > 0.01  # it asks for uncorrelated columns, not for orthogonal rows
    one, other = torch.randn(2, 3, 10)
    s, i = torch.cat([one, one]), torch.cat([other, -other])
    for reduction in ("mean", "batch"):
        assert float(difference_loss(s, i, reduction)) == pytest.approx(0, abs=1e-7)
    assert float(difference_loss(s, i, "per_sample")) > 0.01


def test_the_norm_is_without_gradient_so_a_row_is_also_drawn_along_itself():
    torch.manual_seed(0)
    s, i = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4)
    difference_loss(s, i, "per_sample").backward()
    assert ((s.grad * s).sum(1).abs() > 1e-6).all()


# the total

def test_the_terms_add_up_to_the_card_s_total_and_scale_with_their_weights(problem):
    trips = problem.cities["a"].unlabelled
    method = make(problem)
    network = method.network.eval()

    def terms(**weights):
        torch.manual_seed(5)
        return loss_terms(network, trips, replace(method.options, **weights))

    ones = terms()
    torch.manual_seed(5)
    encoded, gated, versions = network.encode(trips, masking=True)
    recovered = network.recovery["a"]([{name: stream.tokens for name, stream in version.items()} for version in versions.values()],
                                      encoded.numbers(), encoded.masked)
    pairs = network.matching({name: stream.pooled for name, stream in gated.items()})
    total = sum(loss * (2 if name == ROUTE else 1) for losses in recovered for name, loss in losses.items()) + 2 * pairs
    total = (total + spelled_out(concatenated(versions["specific"]), concatenated(versions["invariant"]), "mean")) / 12
    torch.testing.assert_close(sum(ones.values()), total)
    scaled = terms(w1=2.0, w2=3.0, w3=5.0)
    for name, factor in (("difference", 2), ("recover specific", 3), ("recover invariant", 3), ("pair", 5)):
        torch.testing.assert_close(scaled[name], factor * ones[name])


def test_the_losses_without_a_draw_are_those_of_the_plain_form():
    """With two trips the only negative is the other one, so nothing but the masks is drawn."""
    problem = two_cities()
    method = make(problem, w1=1.0)
    network, trips = method.network.eval(), problem.cities["a"].unlabelled.rows(torch.tensor([2, 5]))
    for seed in range(20):
        torch.manual_seed(seed)
        encoded, _, _ = network.encode(trips, masking=True)
        if all(masked.any() for masked in encoded.masked.values()):
            break
    torch.manual_seed(seed)
    torch.testing.assert_close(sum(method.losses(trips).values()), plain_loss(network, trips, encoded), rtol=1e-5, atol=1e-5)


def test_matching_a_batch_equals_drawing_trip_by_trip_on_average(problem):
    method = make(problem)
    network, trips = method.network.eval(), problem.cities["a"].unlabelled
    with torch.no_grad():
        _, gated, _ = network.encode(trips)
        pooled = {name: stream.pooled for name, stream in gated.items()}
        by_trip = [{name: (stream.pooled[k], None) for name, stream in gated.items()} for k in range(len(trips))]
        torch.manual_seed(0)
        batched = torch.stack([network.matching(pooled) for _ in range(60)])
        plain = torch.stack([plain_matching(network.matching, by_trip) for _ in range(60)])
    assert batched.mean().item() == pytest.approx(plain.mean().item(), abs=4 * math.hypot(batched.std(), plain.std()) / 60**0.5)


def test_a_batch_without_a_mask_has_finite_losses_and_gradients(problem):
    method = make(problem, mask_probability=0.0)
    total = sum(method.losses(problem.cities["a"].unlabelled).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(weight.grad).all() for weight in method.network.parameters() if weight.grad is not None)


def test_every_weight_of_a_city_learns_from_its_batches_but_the_unused_direction_of_the_runs(problem):
    method = make(problem)
    sum(method.losses(problem.cities["a"].unlabelled).values()).backward()
    silent = {name for name, weight in method.network.named_parameters() if weight.grad is None}
    assert all(".b." in name or ".forwards." in name for name in silent), silent
    assert any("specific.b." in name for name in silent)


# training

def test_training_lowers_the_loss_of_both_cities(problem):
    method = make(problem, epochs=15, learning_rate=1e-2, warm_up_epochs=1, batch_size=12)

    @torch.no_grad()
    def mean_losses():
        method.network.eval()
        torch.manual_seed(0)
        return [sum(float(sum(method.losses(city.unlabelled).values())) for _ in range(10)) / 10 for city in problem.cities.values()]

    before = mean_losses()
    method.fit(context(15))
    assert all(after < 0.95 * loss for after, loss in zip(mean_losses(), before, strict=True))


def test_the_schedule_is_the_paper_s(problem):
    method = make(problem)
    assert isinstance(method.optimiser([torch.zeros(1)], lr=1e-4, weight_decay=1e-6), torch.optim.AdamW)
    rates = [method.rate(epoch, 70) for epoch in range(1, 72)]
    assert rates[:5] == pytest.approx([2e-5, 4e-5, 6e-5, 8e-5, 1e-4])
    assert all(later < earlier for earlier, later in pairwise(rates[4:]))
    assert rates[69] < 1e-6
    assert rates[70] == 0


@pytest.mark.parametrize("given", [{"amp": True}, {"pair_loss": "infonce"}, {"use_gat": False}, {"tie_gates": True},
                                   {"diff_reduction": "batch"}, {"diff_reduction": "per_sample"}, {"intra_direction": "forward"},
                                   {"use_city_gate": False}, {"gamma": 4.0}], ids=str)
def test_each_option_changes_what_is_learnt(problem, given):
    def learnt(**options):
        method = make(problem, batch_size=12, learning_rate=1e-2, warm_up_epochs=1, epochs=1, **options)
        method.fit(context())
        return method.encode(problem.cities["a"].unlabelled)

    vectors = learnt(**given)
    assert torch.isfinite(vectors).all()
    assert not torch.equal(vectors, learnt())


def test_encoders_inherit_no_option_that_has_no_effect_on_them():
    known = {field.name for field in fields(SMARTraj2Options)}
    assert not known & {"compile", "milestones", "decay", "decay_every"}
    assert {"warm_up_epochs", "amp", "clip_norm"} <= known


def test_a_copied_network_is_fine_tuned_without_the_first_one(problem):
    method = make(problem)
    trips = problem.cities["a"].unlabelled
    before = method.encode(trips)
    copied = copy.deepcopy(method.network)
    with torch.no_grad():
        for weight in copied.parameters():
            weight.add_(0.1)
        assert not torch.equal(copied(trips), before)
    assert torch.equal(method.encode(trips), before)
    assert method.vectors(trips).requires_grad


def test_without_pre_training_the_first_weights_stay(problem):
    method = make(problem, pretrain=False)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    run = context()
    method.fit(run)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    assert run.history == []


def test_skip_gram_road_tables_are_there_before_training_and_only_for_roads_with_trips(problem):
    method = make(problem, pretrain=False, road_init="word2vec")
    before = {city: table.clone() for city, table in method.road_tables().items()}
    method.fit(context())
    for city, table in method.road_tables().items():
        driven = torch.zeros(len(table), dtype=torch.bool)
        driven[problem.cities[city].unlabelled.route.values["road"]] = True
        assert (table != before[city]).any(1).equal(driven)


def test_a_road_s_vector_is_its_mean_token_over_all_trips_and_a_new_road_is_encoded_alone(problem):
    method, trips = make(problem), problem.cities["b"].unlabelled
    vectors = method.roads("b", trips)
    network = method.network.eval()
    with torch.no_grad():
        tokens = []
        for k in range(len(trips)):
            _, _, versions = network.encode(trips.rows(torch.tensor([k])))
            tokens.append(torch.stack([version[name].tokens for version in versions.values() for name in ("gps_road", "route")]).mean(0))
        tokens, driven = torch.cat(tokens), trips.route.values["road"]
        for road in range(25):
            own = driven == road
            expected = tokens[own].mean(0) if own.any() else network.lone_roads("b", torch.tensor([road]))[0]
            torch.testing.assert_close(vectors[road], expected, rtol=1e-5, atol=1e-5)
    assert not torch.isin(torch.arange(25), driven).all()


def test_without_routes_no_road_has_a_vector_and_the_engine_is_told_so(problem):
    method = make(problem, views=("gps", "grid"))
    assert SMARTraj2.views(method.options, ("gps", "route", "grid")) == ("gps", "grid")
    assert SMARTraj2.views(SMARTraj2Options(), ("gps", "route", "grid")) == ("gps", "route", "grid")
    with pytest.raises(NotImplementedError, match="Without the view `route` no road has a vector"):
        method.roads("a", problem.cities["a"].unlabelled)


# city features

def test_two_cities_shares_sum_to_1_and_are_the_card_s_for_its_means():
    values = {"xian": torch.tensor([15.96, 2797.26, 467.47], dtype=torch.float64),
              "chengdu": torch.tensor([15.26, 2829.16, 426.31], dtype=torch.float64)}
    found = shares(values)
    assert found["xian"].tolist() == pytest.approx([0.5112, 0.4972, 0.5230], abs=5e-5)
    torch.testing.assert_close(found["xian"] + found["chengdu"], torch.ones(3))


def test_of_the_card_s_quartiles_the_shares_are_the_released_constants():
    quartiles = {"xian": torch.tensor([12.0, 16, 19, 27, 35, 46]), "chengdu": torch.tensor([12.0, 15, 18, 13, 17, 22])}
    assert shares(quartiles)["xian"].tolist() == pytest.approx([0.5, 0.5161, 0.5135, 0.6750, 0.6731, 0.6765], abs=5e-5)


def test_of_three_cities_the_share_is_against_the_mean_of_the_others_and_a_city_alone_has_a_half():
    three = shares({name: torch.tensor([float(value)]) for name, value in (("a", 1), ("b", 2), ("c", 6))})
    assert [float(three[name]) for name in "abc"] == pytest.approx([1 / 5, 2 / 5.5, 6 / 7.5])
    assert float(shares({"a": torch.tensor([7.0])})["a"]) == 0.5
    assert float(shares({"a": torch.zeros(1), "b": torch.zeros(1)})["a"]) == 0.5


def test_the_statistics_are_mean_deviation_and_quartiles_of_five_quantities(problem):
    trips = problem.cities["a"].unlabelled
    values = quantities(trips)
    assert values.shape == (12, 5)
    assert values[:, 0].tolist() == trips.route.lengths().tolist()
    assert values[:, 1].tolist() == trips.grid.lengths().tolist()
    time = [own["time"] for own in ({"time": part} for part in trips.gps.values["time"].split(trips.gps.lengths().tolist()))]
    assert values[:, 3].tolist() == pytest.approx([float(own[-1] - own[0]) for own in time])
    torch.testing.assert_close(values[:, 4], values[:, 2] / values[:, 3])
    found = statistics(values).view(5, 5)
    torch.testing.assert_close(found[:, 0], values.mean(0))
    torch.testing.assert_close(found[:, 1], values.std(0, correction=0))
    torch.testing.assert_close(found[:, 2:].T, torch.quantile(values, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64), dim=0))
    features = city_features(problem)
    assert features["a"].shape == (FEATURES,) == (25,)
    torch.testing.assert_close(features["a"] + features["b"], torch.ones(25))
