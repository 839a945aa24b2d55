"""Layers of views: graph attention, GRUs by unit, view encoders and joint extractor, masks, losses."""


import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made.trips import made_trips
from plain.smartraj2 import plain_gps
from torch import nn

from baselines.layers.padding import Tables
from baselines.layers.ragged import Ragged
from baselines.trajectory.initialisation import initialise
from baselines.trajectory.masking import masked_blocks
from baselines.trajectory.multi_view.encoder import MultiViewOptions
from baselines.trajectory.multi_view.gps_encoder import GpsEncoder
from baselines.trajectory.multi_view.joint_extractor import JointExtractor
from baselines.trajectory.multi_view.matching import PairMatching, contrastive_loss, hard_negatives, matching_loss
from baselines.trajectory.multi_view.road_graph import RoadGraph
from baselines.trajectory.multi_view.streams import STREAMS, Stream, streams_of
from baselines.trajectory.multi_view.trip_features import unit_of_point
from baselines.trajectory.multi_view.unit_recovery import UnitRecovery
from baselines.trajectory.multi_view.view_encoder import ViewEncoder


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


# graph attention

def test_graph_attention_is_the_softmax_of_each_road_s_neighbours_taken_one_by_one():
    torch.manual_seed(0)
    links = torch.tensor([[0, 1], [2, 1], [1, 2], [5, 0], [4, 0]])
    graph = RoadGraph(6, links, 4, 1, 0.1).eval()
    (layer,), x = graph.layers, graph.table.weight
    nn.init.normal_(layer.bias)
    h, vectors = x @ layer.lin.weight.T, graph()
    for road in range(6):
        givers = [road, *(int(a) for a, b in links if b == road)]
        scores = torch.stack([F.leaky_relu(h[giver] @ layer.att_src[0, 0] + h[road] @ layer.att_dst[0, 0], 0.2) for giver in givers])
        expected = F.relu((torch.softmax(scores, 0)[:, None] * h[givers]).sum(0) + layer.bias)
        torch.testing.assert_close(vectors[road], expected, rtol=1e-5, atol=1e-5)


def test_two_layers_of_graph_attention_have_the_card_s_count_and_without_layers_the_table_is_left():
    links = torch.tensor([[0, 1], [1, 2]])
    assert count(RoadGraph(3, links, 128, 2, 0.1)) == 33_536 + 3 * 128
    bare = RoadGraph(3, links, 8, 0, 0.1)
    assert torch.equal(bare(), bare.table.weight)


def test_road_vectors_are_those_of_two_layers_with_a_relu_after_each_and_loops_whatever_the_links():
    torch.manual_seed(0)
    links = torch.tensor([[0, 1], [1, 1], [1, 2], [2, 0]])  # a loop that is given does not count twice
    graph = RoadGraph(4, links, 5, 2, 0.1).eval()
    nn.init.normal_(graph.table.weight)
    every = torch.tensor([[0, 1], [1, 2], [2, 0], *([k, k] for k in range(4))])
    first, second = graph.layers
    torch.testing.assert_close(graph(), torch.relu(second(torch.relu(first(graph.table.weight, every.T)), every.T)))
    assert (graph() == 0).any()


def test_road_vectors_are_kept_in_evaluation_until_a_weight_changes():
    graph = RoadGraph(5, torch.randint(5, (9, 2)), 4, 2, 0.1).eval()
    with torch.no_grad():
        first = graph()
        assert graph() is first
        graph.table.weight.mul_(2)
        assert not torch.equal(graph(), first)
        kept = graph()
        graph.load_state_dict({name: value + 1 for name, value in graph.state_dict().items()})
        assert not torch.equal(graph(), kept)
    assert graph().requires_grad


def test_links_are_left_out_in_training_only():
    graph = RoadGraph(30, torch.randint(30, (200, 2)), 4, 1, 0.5)
    assert not torch.equal(graph.train()(), graph())
    assert torch.equal(graph.eval()(), graph())
    assert torch.equal(graph.train().with_every_link(), graph.eval()())


def test_two_graphs_of_the_same_roads_may_have_one_table():
    one = RoadGraph(5, torch.randint(5, (9, 2)), 4, 2, 0.1)
    other = RoadGraph(5, torch.randint(5, (9, 2)), 4, 2, 0.1, one.table)
    assert other.table is one.table
    assert not torch.equal(one.eval()(), other.eval()())


# GPS points by unit

@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("view", ["route", "grid"])
def test_gps_tokens_are_those_of_a_loop_over_trips_and_units(view, direction):
    torch.manual_seed(0)
    encoder, trips = GpsEncoder(6, 8, direction), made_trips(points=(2, 9))
    points, unit, layout = torch.randn(len(trips.gps.values["lon"]), 8), unit_of_point(trips, view), Ragged.of(getattr(trips, view).offsets)
    masked = torch.rand(len(layout.sequence)) < 0.3
    stream = encoder(points, unit, layout, masked)
    if view == "route":
        assert len(torch.unique(unit)) < len(layout.sequence)  # some roads have no point
    for trip in range(len(trips)):
        own, some = slice(*getattr(trips, view).offsets[trip:trip + 2].tolist()), slice(*trips.gps.offsets[trip:trip + 2].tolist())
        pooled, tokens = plain_gps(encoder, points[some], unit[some] - own.start, masked[own])
        torch.testing.assert_close(stream.tokens[own], tokens, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(stream.pooled[trip], pooled, rtol=1e-5, atol=1e-5)


def test_points_out_of_order_are_read_by_their_unit_and_points_that_are_not_shown_do_not_count():
    torch.manual_seed(0)
    encoder, layout, points = GpsEncoder(6, 8, "backward"), Ragged.of_lengths(torch.tensor([2])), torch.randn(5, 8)
    given = encoder(points, torch.tensor([0, 1, 0, -1, 1]), layout).tokens
    sorted_points = points[[0, 2, 1, 4]]
    torch.testing.assert_close(given, encoder(sorted_points, torch.tensor([0, 0, 1, 1]), layout).tokens)
    nothing = encoder(points[:0], torch.zeros(0, dtype=torch.int64), layout)
    assert torch.isfinite(nothing.tokens).all()


def test_the_gru_encoder_has_the_published_count_with_both_directions():
    assert count(GpsEncoder(128, 256, "backward")) == 1_152 + 2 * 198_144


# views and joint extractor

def test_the_view_encoder_and_the_joint_extractor_have_the_card_s_counts():
    assert count(ViewEncoder(128, 256, 100, 4, 8, 256, 0.1)) == 12_800 + 33_024 + 1_583_104
    extractor = JointExtractor(STREAMS, 256, 8, 100, 2, 4, 256, 0.1)
    assert count(extractor.cross) == 12 * 263_168
    assert count(extractor) == 4_106_752 == 12 * 263_168 + 25_600 + 2 * 65_792 + 791_552


def streams(width, road_lengths, cell_lengths):
    made = {}
    for name in STREAMS:
        layout = Ragged.of_lengths(torch.tensor(road_lengths if "gri" not in name else cell_lengths))
        made[name] = Stream(torch.randn(len(road_lengths), width), torch.randn(len(layout.sequence), width), layout)
    return made


def test_a_trip_comes_out_of_the_joint_extractor_as_if_it_were_alone_and_may_be_empty():
    torch.manual_seed(0)
    extractor, types = JointExtractor(STREAMS, 8, 2, 10, 2, 4, 8, 0.1).eval(), torch.randn(4, 8)
    given = streams(8, [3, 1, 0], [12, 0, 4])  # 12 cells: more than there are positions
    joint = extractor(given, types)
    for trip in range(3):
        alone = {}
        for name, stream in given.items():
            layout = Ragged.of_lengths(stream.layout.lengths[[trip]])
            alone[name] = Stream(stream.pooled[[trip]], stream.tokens[stream.layout.sequence == trip], layout)
        for name, stream in extractor(alone, types).items():
            torch.testing.assert_close(stream.pooled[0], joint[name].pooled[trip], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(stream.tokens, joint[name].tokens[given[name].layout.sequence == trip], rtol=1e-5, atol=1e-5)
    assert all(torch.isfinite(stream.pooled).all() for stream in joint.values())


def test_streams_disappear_with_the_views_they_are_made_of():
    assert streams_of(("gps", "route", "grid")) == STREAMS
    assert streams_of(("gps", "route")) == ("gps_road", "route")
    assert streams_of(("route", "grid")) == ("route", "grid")
    assert streams_of(("gps", "grid")) == ("gps_grid", "grid")
    with pytest.raises(ValueError, match="views names at least two"):
        MultiViewOptions(views=("route",))


# masks and losses

def test_units_are_masked_in_blocks_of_two_from_the_start_of_each_trip_a_fifth_of_them():
    torch.manual_seed(0)
    layout = Ragged.of_lengths(torch.randint(0, 12, (4000,)))
    masked = masked_blocks(layout, 2, 0.2)
    assert masked.float().mean().item() == pytest.approx(0.2, abs=0.01)
    table = Tables(layout, [torch.arange(4000)]).pad(masked[:, None].float())[0][..., 0]
    whole = torch.arange(layout.longest // 2) * 2 + 1 < layout.lengths[:, None]
    pairs = table[:, : 2 * whole.shape[1]].unflatten(1, (-1, 2))
    assert torch.equal(pairs[whole][:, 0], pairs[whole][:, 1])
    assert not masked_blocks(layout, 2, 0.0).any()


def test_a_negative_is_never_the_positive_and_likelier_where_more_alike():
    torch.manual_seed(0)
    similarity = torch.tensor([[50.0, 1.0, 3.0], [0.0, 90.0, 0.0], [2.0, 1.0, 70.0]])
    drawn = torch.stack([hard_negatives(similarity) for _ in range(4000)])
    assert not (drawn == torch.arange(3)).any()
    assert (drawn[:, 0] == 2).float().mean().item() == pytest.approx(1 / (1 + np.exp(-2)), abs=0.02)
    assert (drawn[:, 1] == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_the_matching_loss_of_two_trips_is_the_cross_entropy_of_two_true_and_four_wrong_pairs():
    torch.manual_seed(0)
    one, other, classifier = torch.randn(2, 3), torch.randn(2, 3), nn.Linear(6, 2)
    pairs = [(0, 0, 1), (1, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 0), (0, 1, 0)]  # with two trips the only negative is the other
    expected = -torch.stack([torch.log_softmax(classifier(torch.cat([one[a], other[b]])), 0)[label] for a, b, label in pairs]).mean()
    torch.testing.assert_close(matching_loss(one, other, classifier, 0.07), expected)


def test_the_contrastive_loss_is_the_mean_of_both_directions_over_the_batch():
    torch.manual_seed(0)
    one, other = F.normalize(torch.randn(2, 4, 3), dim=-1)
    total = 0.0
    for k in range(4):
        scores, back = (torch.exp(torch.stack([a @ b for a, b in pairs]) / 0.07)
                        for pairs in ([(one[k], other[j]) for j in range(4)], [(one[j], other[k]) for j in range(4)]))
        total -= (torch.log(scores[k] / scores.sum()) + torch.log(back[k] / back.sum())) / 8
    torch.testing.assert_close(contrastive_loss(one, other, 0.07), total)


def test_pairs_are_matched_only_where_both_streams_are_there_and_never_with_one_trip():
    pooled = {stream: torch.randn(3, 8) for stream in STREAMS}
    assert [len(PairMatching(streams_of(views), 8, "match", 0.07).pairs) for views in
            (("gps", "route", "grid"), ("gps", "route"), ("gps", "grid"), ("route", "grid"))] == [3, 1, 1, 0]
    assert PairMatching(("route", "grid"), 8, "match", 0.07)(pooled) == 0
    matching = PairMatching(STREAMS, 8, "match", 0.07)
    assert matching(pooled) > 0
    assert matching({stream: one[:1] for stream, one in pooled.items()}) == 0


def test_recovery_is_the_mean_cross_entropy_at_masked_units_for_each_version_and_0_without_any():
    torch.manual_seed(0)
    recovery = UnitRecovery(("route", "grid"), 4, {"route": 6, "grid": 5})
    numbers = {"route": torch.randint(6, (7,)), "grid": torch.randint(5, (3,))}
    masked = {"route": torch.tensor([1, 0, 0, 1, 1, 0, 0]).bool(), "grid": torch.zeros(3).bool()}
    versions = [{"route": torch.randn(7, 4), "grid": torch.randn(3, 4)} for _ in range(2)]
    for version, losses in zip(versions, recovery(versions, numbers, masked), strict=True):
        expected = F.cross_entropy(recovery.heads["route"](version["route"])[masked["route"]], numbers["route"][masked["route"]])
        torch.testing.assert_close(losses["route"], expected)
        assert losses["grid"] == 0


def test_first_weights_are_those_of_the_authors_code():
    torch.manual_seed(0)
    layers = nn.ModuleList([nn.Linear(200, 300), nn.Embedding(500, 20), nn.GRU(64, 64)])
    initialise(layers)
    assert layers[0].weight.std().item() == pytest.approx((2 / 500) ** 0.5, rel=0.02)
    assert layers[1].weight.abs().max().item() == pytest.approx(0.5 / 20, rel=0.01)
    matrix = layers[2].weight_hh_l0
    torch.testing.assert_close(matrix.T @ matrix, torch.eye(64), rtol=0, atol=1e-5)
    assert layers[2].bias_ih_l0.std().item() == pytest.approx(1, abs=0.15)
