"""Windows that are cut already become the series that they were cut from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from benchmark.data.own.series import import_city
from benchmark.data.own.windows import joined_windows
from benchmark.errors import UserError


def cut(series, history, horizon, before=()):
    """x and y of every window; x begins with the steps that lie so far before its last one, as ST-SSL's days do."""
    reach = max([history - 1, *before])
    last = range(reach, len(series) - horizon)
    offsets = [*sorted(before, reverse=True), *range(history - 1, -1, -1)]
    return (np.stack([[series[t - back] for back in offsets] for t in last]),
            np.stack([series[t + 1:t + 1 + horizon] for t in last]))


def save(folder, x, y, *ends):
    """Files of windows, with some left out between them: ends holds (first, behind the last) of each."""
    paths = [folder / f"{name}.npz" for name in ("train", "val", "test")[:len(ends)]]
    for path, (first, behind) in zip(paths, ends, strict=True):
        np.savez(path, x=x[first:behind], y=y[first:behind], x_offsets=np.arange(3))
    return paths


def noise(steps, nodes=3, channels=2):
    return np.random.default_rng(steps).poisson(9, (steps, nodes, channels)).astype(float)


def refused(*given):
    with pytest.raises(UserError) as error:
        joined_windows(*given)
    return str(error.value)


@given(history=some.integers(1, 6), horizon=some.integers(1, 5), left_out=some.integers(0, 9), channel=some.integers(0, 1))
def test_the_windows_of_a_series_give_its_rows_back(tmp_path_factory, history, horizon, left_out, channel):
    series = noise(60)
    x, y = cut(series, history, horizon)
    late = min(left_out, history + horizon - 2)
    paths = save(tmp_path_factory.mktemp("w"), x, y, (0, 20), (20 + late, 30 + late), (30 + 2 * late, len(x)))
    np.testing.assert_array_equal(joined_windows(paths, channel), series[:, :, channel])


def test_hours_of_days_before_are_no_rows(tmp_path):
    series = noise(120)
    # ST-SSL: five hours around this one of the three days before, then the last four
    x, y = cut(series, 4, 1, before=[24 * day - 1 + around for day in (1, 2, 3) for around in (-2, -1, 0, 1, 2)])
    assert x.shape[1] == 19
    paths = save(tmp_path, x, y, (0, 20), (20, 30), (30, len(x)))
    np.testing.assert_array_equal(joined_windows(paths, 0), series[24 * 3 + 1 - 3:, :, 0])


def test_missing_entries_are_the_same_in_all_windows(tmp_path):
    series = noise(40)
    series[7, 1] = np.nan
    rows = joined_windows(save(tmp_path, *cut(series, 3, 2), (0, 10), (10, 36)), 0)
    np.testing.assert_array_equal(rows, series[:, :, 0])


def test_what_was_not_cut_from_one_series_in_time_order_is_refused(tmp_path):
    x, y = cut(noise(60), 4, 3)
    assert "time order" in refused(save(tmp_path, x[::-1], y[::-1], (0, 20)), 0)
    assert "one step apart" in refused(save(tmp_path, x[::2], y[::2], (0, 20)), 0)
    assert "unscaled" in refused(save(tmp_path, x / 9, y, (0, 20)), 0)
    paths = save(tmp_path, x, y, (0, 20), (30, 50))
    assert "val.npz does not continue train.npz" in refused(paths, 0)
    assert "does not continue" in refused(paths[::-1], 0)


def test_misshapen_windows_are_refused_by_name(tmp_path):
    x, y = cut(noise(30), 4, 3)
    assert "say which, such as channel = 0" in refused(save(tmp_path, x, y, (0, 9)), None)
    assert "there is no channel = 2" in refused(save(tmp_path, x, y, (0, 9)), 2)
    assert "(9, 4, 3)" in refused(save(tmp_path, x[..., 0], y, (0, 9)), 0)
    assert "9 windows of 3 nodes, y 9 of 2" in refused(save(tmp_path, x, y[:, :, :2], (0, 9)), 0)
    np.savez(tmp_path / "train.npz", x=x[:9], y=y[:8])
    assert "same" in refused([tmp_path / "train.npz"], 0)
    np.savez(tmp_path / "train.npz", x=x[:9])
    assert "'y'" in refused([tmp_path / "train.npz"], 0)


def test_a_city_file_names_the_three_files(tmp_path, monkeypatch):
    monkeypatch.setenv("STBENCH_HOME", str(tmp_path / "home"))
    series = noise(400, nodes=4)
    save(tmp_path, *cut(series, 4, 1), (0, 280), (280, 320), (320, 396))
    np.savez(tmp_path / "adj_mx.npz", adj_mx=np.eye(4))
    tasks = "".join(f'[tasks.{task}]\nfile = ["train.npz", "val.npz", "test.npz"]\nlayout = "windows"\nchannel = {channel}\n'
                    'unit = "trips per hour"\n' for channel, task in enumerate(["bike_drop", "bike_pick"]))
    (tmp_path / "city.toml").write_text('name = "bikes"\nzone = "UTC"\nstart = 2014-04-01T00:00:00\ninterval_minutes = 60\n'
                                        f'[adjacency]\nfile = "adj_mx.npz"\nkey = "adj_mx"\n{tasks}', encoding="utf-8")
    city = import_city(tmp_path / "city.toml")
    np.testing.assert_array_equal(city.series("bike_pick").values, series[:, :, 1])
    np.testing.assert_array_equal(city.series("bike_drop").values, series[:, :, 0])
