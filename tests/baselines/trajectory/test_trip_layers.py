"""Trip encoders: sequences without padding, and trips as numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made.trips import made_trips
from torch import nn

from baselines.layers.attention import TransformerEncoder
from baselines.layers.padding import TOGETHER, Tables, like_lengths
from baselines.layers.ragged import Ragged
from baselines.layers.recurrent import states_of
from baselines.trajectory.multi_view.time_embedding import IntervalEmbedding, TimeEmbedding
from baselines.trajectory.multi_view.trip_features import PointScaler, channels_of, normalised_poi, unit_of_point, units_of
from benchmark.testing.encoders import STRICT
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory import cuts
from benchmark.trajectory.cuts import TripTable
from benchmark.trajectory.trips import Trips, TripView

LENGTHS = torch.tensor([3, 0, 5, 1])


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def one_trip(minute=1439, weekday=6, times=(10.0, 15.0, 62.0), route=(10.0, 61.0), grid=(10.0, 15.0, 62.0), step=(0, 0, 1)):
    """Three points on two roads, three cells, a heading that turns left by a right angle."""
    n = len(times)
    offsets = lambda k: torch.tensor([0, k])  # noqa: E731
    gps = TripView(offsets(n), {"time": torch.tensor(times), "lon": torch.tensor([104.0, 104.001, 104.001], dtype=torch.float64)[:n],
                                "lat": torch.tensor([0.0, 0.0, 0.001], dtype=torch.float64)[:n], "road": torch.tensor([4, 4, 2])[:n],
                                "cell": torch.tensor([7, 8, 7])[:n], "step": torch.tensor(step)[:n]})
    return Trips("a", torch.tensor([weekday]), torch.tensor([minute]), gps,
                 TripView(offsets(len(route)), {"time": torch.tensor(route), "road": torch.tensor([4, 2])[: len(route)]}),
                 TripView(offsets(len(grid)), {"time": torch.tensor(grid), "cell": torch.tensor([7, 8, 7])[: len(grid)]}))


# sequences without padding

def test_tokens_go_into_a_padded_table_and_come_back():
    layout = Ragged.of_lengths(LENGTHS)
    x = torch.randn(9, 2)
    tables = Tables(layout, [torch.arange(4)])
    (table,) = tables.pad(x)
    assert table.shape == (4, 5, 2)
    assert torch.equal(table[2], x[3:8])
    assert not table[1].any()
    assert torch.equal(tables.unpad([table]), x)
    assert tables.masks[0][:, 0, 0].sum(1).tolist() == [3, 1, 5, 1]  # an empty sequence shows one slot


def test_sequences_of_like_length_share_a_table_that_is_no_longer_than_the_longest_of_them():
    torch.manual_seed(0)
    lengths = torch.randint(0, 30, (2 * TOGETHER + 3,))
    groups, layout = like_lengths(lengths), Ragged.of_lengths(lengths)
    assert torch.cat(list(groups)).sort().values.tolist() == list(range(len(lengths)))
    assert [len(rows) for rows in groups] == [TOGETHER, TOGETHER, 3]
    tables, x = Tables(layout), torch.randn(int(lengths.sum()), 2)
    padded = tables.pad(x)
    assert [table.shape for table in padded] == [(len(rows), lengths[rows].max(), 2) for rows in groups]
    for rows, table in zip(groups, padded, strict=True):
        for row, one in zip(rows, table, strict=True):
            torch.testing.assert_close(one[: lengths[row]], x[layout.sequence == row])
            assert not one[lengths[row]:].any()
    assert torch.equal(tables.unpad(padded), x)


def test_sums_and_means_are_those_of_each_sequence():
    layout, x = Ragged.of_lengths(LENGTHS), torch.randn(9, 2)
    parts = x.split(LENGTHS.tolist())
    torch.testing.assert_close(layout.total(x), torch.stack([part.sum(0) for part in parts]))
    torch.testing.assert_close(layout.mean(x)[[0, 2, 3]], torch.stack([parts[k].mean(0) for k in (0, 2, 3)]))
    assert not layout.mean(x)[1].any()


def test_a_head_goes_in_front_of_every_sequence_and_joined_sequences_follow_one_another():
    first, second = Ragged.of_lengths(LENGTHS).with_head(), Ragged.of_lengths(torch.tensor([1, 2, 0, 0]))
    both = Ragged.joined([first, second])
    assert both.lengths.tolist() == [5, 3, 6, 2]
    for sequence in range(4):
        assert sorted(both.place[both.sequence == sequence].tolist()) == list(range(int(both.lengths[sequence])))
    head = both.place[:4]
    assert head.tolist() == [0, 0, 0, 0]
    assert both.place[len(first.sequence):].tolist() == [4, 1, 2]  # behind the 3 tokens and head of sequence 0, the head of sequence 1


@pytest.mark.parametrize("backwards", [False, True])
def test_a_packed_gru_gives_each_sequence_what_it_gives_it_alone(backwards):
    torch.manual_seed(0)
    gru, layout, x = nn.GRU(3, 4, bidirectional=not backwards), Ragged.of_lengths(LENGTHS), torch.randn(9, 3)
    layout = layout.backwards() if backwards else layout
    packed, state = gru(layout.pack(x))
    tokens = layout.unpack(packed)
    last = layout.last(tokens[:, -4:] if backwards else tokens[:, :4])
    for sequence, part in enumerate(x.split(LENGTHS.tolist())):
        if len(part):
            alone, state = gru((part.flip(0) if backwards else part)[:, None])
            alone = alone[:, 0].flip(0) if backwards else alone[:, 0]
            torch.testing.assert_close(tokens[Ragged.of_lengths(LENGTHS).sequence == sequence], alone)
            torch.testing.assert_close(last[sequence], state[0, 0])
    assert not last[1].any()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [[3, 0, 5, 1], [1], [1, 1], [2, 7, 7, 4]])
def test_states_and_all_gradients_of_the_stepped_gru_are_those_of_torch(lengths, bidirectional):
    torch.manual_seed(0)
    gru, layout = nn.GRU(3, 4, bidirectional=bidirectional).double(), Ragged.of_lengths(torch.tensor(lengths))
    x, pull = torch.randn(sum(lengths), 3).double(), torch.randn(sum(lengths), 4 * (1 + bidirectional)).double()
    found = []
    for states in (lambda given: states_of(gru, given, layout), lambda given: layout.unpack(gru(layout.pack(given))[0])):
        gru.zero_grad()
        given = x.clone().requires_grad_()
        out = states(given)
        (out * pull).sum().backward()
        found.append([out.detach(), given.grad, *(weight.grad for weight in gru.parameters())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_the_transformer_on_ragged_sequences_is_torch_s_own():
    torch.manual_seed(0)
    ours = TransformerEncoder(2, 16, 4, 24, 0.1).eval()
    torch_layer = nn.TransformerEncoderLayer(16, 4, 24, 0.1, batch_first=True)
    theirs = nn.TransformerEncoder(torch_layer, 2, enable_nested_tensor=False).eval()
    for own, other in zip(ours.layers, theirs.layers, strict=True):
        pairs = ((other.self_attn.in_proj_weight, own.attention.in_weight), (other.self_attn.in_proj_bias, own.attention.in_bias),
                 (other.self_attn.out_proj.weight, own.attention.output.weight), (other.self_attn.out_proj.bias, own.attention.output.bias),
                 (other.linear1.weight, own.feed_forward[0].weight), (other.linear1.bias, own.feed_forward[0].bias),
                 (other.linear2.weight, own.feed_forward[3].weight), (other.linear2.bias, own.feed_forward[3].bias))
        for theirs_weight, our_weight in pairs:
            theirs_weight.data.copy_(our_weight.data)
    layout, x = Ragged.of_lengths(LENGTHS), torch.randn(9, 16)
    with torch.no_grad():
        tables = Tables(layout, [torch.arange(4)])
        expected = theirs(*tables.pad(x), src_key_padding_mask=~tables.masks[0][:, 0, 0])
        torch.testing.assert_close(ours(x, layout), tables.unpad([expected]), rtol=1e-5, atol=1e-5)
    assert count(ours) == count(theirs)


def test_attention_with_dropped_weights_has_the_mean_of_attention_without():
    torch.manual_seed(0)
    encoder = TransformerEncoder(1, 8, 2, 8, 0.3)
    attention, layout, x = encoder.layers[0].attention, Tables(Ragged.of_lengths(torch.tensor([4, 2]))), torch.randn(6, 8)
    with torch.no_grad():
        mean = torch.stack([attention.train()(x, layout) for _ in range(3000)]).mean(0)
        torch.testing.assert_close(mean, attention.eval()(x, layout), rtol=0, atol=0.05)
        assert not torch.equal(attention.train()(x, layout), attention.eval()(x, layout))


# what trips are as numbers

def test_minutes_begin_at_1_and_go_over_midnight_into_the_next_weekday():
    units = units_of(one_trip(minute=1439, weekday=6), "route")
    assert units.minute.tolist() == [1440, 1]
    assert units.weekday.tolist() == [7, 1]
    assert units.interval.tolist() == [51, 1]  # the last road ends with the last point
    assert units_of(one_trip(), "grid").interval.tolist() == [5, 47, 0]


def test_hidden_times_are_0_for_minute_and_weekday_and_minus_1_for_the_interval():
    units = units_of(one_trip(route=(10.0, float("nan"))), "route")
    assert units.minute.tolist() == [1440, 0]
    assert units.weekday.tolist() == [7, 0]
    assert units.interval.tolist() == [-1, -1]


def test_the_channels_of_points_are_speed_acceleration_turn_interval_and_distance():
    channels = channels_of(one_trip())
    metres = 6_371_008.8 * np.pi / 180 / 1000
    np.testing.assert_allclose(channels[:, 0], 1)
    np.testing.assert_allclose(channels[:, 7], [np.nan, metres, metres], rtol=1e-6)
    np.testing.assert_allclose(channels[:, 6], [np.nan, 5, 47])
    np.testing.assert_allclose(channels[:, 3], [np.nan, metres / 5, metres / 47], rtol=1e-6)
    np.testing.assert_allclose(channels[:, 4], [np.nan, np.nan, (metres / 47 - metres / 5) / 47], rtol=1e-6)
    np.testing.assert_allclose(channels[:, 5], [np.nan, np.nan, np.pi / 2], rtol=1e-6)


def test_channels_are_z_scores_of_the_training_trips_and_0_where_undefined_or_hidden():
    training = made_trips(count=40)
    scaler = PointScaler(training)
    values, defined = scaler(training), ~channels_of(training).isnan()
    for channel in range(1, 8):
        own = values[defined[:, channel], channel]
        assert own.mean().abs() < 1e-3
        assert own.std(correction=0).item() == pytest.approx(1, abs=1e-3)
    assert not values[~defined].any()
    assert (values[:, 0] == 1).all()
    gps = training.gps
    hidden = replace(training, gps=TripView(gps.offsets, {**gps.values, "time": torch.full_like(gps.values["time"], torch.nan)}))
    assert not scaler(hidden)[:, [3, 4, 6]].any()
    torch.testing.assert_close(scaler(hidden)[:, [0, 1, 2, 5, 7]], values[:, [0, 1, 2, 5, 7]])


def test_points_belong_to_the_road_of_their_step_and_to_the_cell_of_their_run():
    trips = one_trip()
    assert unit_of_point(trips, "route").tolist() == [0, 0, 1]
    assert unit_of_point(trips, "grid").tolist() == [0, 1, 2]  # the cell that is entered again is another unit
    assert unit_of_point(one_trip(route=(10.0,)), "route").tolist() == [0, 0, -1]
    assert unit_of_point(one_trip(grid=(10.0, 15.0)), "grid").tolist() == [0, 1, -1]


def test_a_trip_that_begins_in_the_cell_where_the_one_before_ended_has_a_unit_of_its_own():
    trips = one_trip().rows(torch.tensor([0, 0]))
    assert unit_of_point(trips, "grid").tolist() == [0, 1, 2, 3, 4, 5]
    assert unit_of_point(trips, "route").tolist() == [0, 0, 1, 2, 2, 3]
    assert units_of(trips, "grid").interval.tolist() == [5, 47, 0, 5, 47, 0]


def test_points_lie_in_the_unit_of_their_own_number_in_whole_and_in_posed_trips(tmp_path):
    table = TripTable(tiny_trajectory_city(tmp_path / "city"))
    rows = np.arange(30)
    for trips in (cuts.whole(table, rows), cuts.pose_travel_time(table, rows, STRICT).trips,
                  cuts.pose_destination_grid(table, rows, STRICT, 0.7).trips):
        for view, name in (("route", "road"), ("grid", "cell")):
            unit = unit_of_point(trips, view)
            assert (unit >= 0).all()
            assert torch.equal(getattr(trips, view).values[name][unit], trips.gps.values[name])


def test_shares_of_places_of_interest_sum_to_1_or_are_all_0():
    shares = normalised_poi(torch.tensor([[2.0, 6.0], [0.0, 0.0]]))
    assert shares.tolist() == [[0.25, 0.75], [0.0, 0.0]]


def test_the_interval_softmax_is_over_bins_so_a_unit_does_not_depend_on_others():
    torch.manual_seed(0)
    embedding = IntervalEmbedding(7, 5)
    seconds = torch.tensor([3.0, -1.0, 40.0])
    together, alone = embedding(seconds), torch.cat([embedding(one) for one in seconds.split(1)])
    torch.testing.assert_close(together, alone)
    assert count(TimeEmbedding(128, 100)) == 184_448 + 1_024 + 13_000
