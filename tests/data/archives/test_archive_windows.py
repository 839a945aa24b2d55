"""Broken windows of the authors' archive: whatever is wrong with an array, a part or the clock is one sentence and writes nothing."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from made.archive_files import PLACES, Trap, assert_windows_equal, build, counts, refused, save_suite, save_task, windows


def changed(**arrays: object):
    """Replaces arrays of val.npz by what a function makes of them."""
    def change(parts):
        parts["val"].update({key: make(parts["val"][key]) for key, make in arrays.items()})
    return change


def entry(where: tuple[int, ...], value: float):
    def make(array):
        array = array.copy()
        array[where] = value
        return array
    return make


def swapped(array):
    return array[[1, 0, *range(2, len(array))]]


def without(key):
    return lambda parts: parts["val"].pop(key)


def channel(number, make, part=None):
    """Changes one channel of x in all parts, or in one."""
    def change(parts):
        for name in [part] if part else parts:
            x = parts[name]["x"].copy()
            x[..., number] = make(x[..., number])
            parts[name]["x"] = x
    return change


def reordered(parts):
    parts["val"], parts["test"] = parts["test"], parts["val"]


def shuffled(parts):
    order = np.random.default_rng(0).permutation(len(parts["train"]["x"]))
    parts["train"] = {key: array[order] for key, array in parts["train"].items()}


def negative(parts):
    for arrays in parts.values():
        arrays["x"] = arrays["x"].copy()
        arrays["x"][..., 0] -= 3
        arrays["y"] = arrays["y"] - 3


BROKEN = {
    "shuffled samples": (shuffled, ("'x' of CROWDIN/train.npz", "window 1 does not continue window 0")),
    "two swapped samples": (changed(x=swapped, y=swapped), ("'x' of CROWDIN/val.npz", "window 1 does not continue window 0")),
    "an overlap broken at one entry": (changed(x=entry((7, 3, 2, 0), 99)), ("window 7 does not continue window 6",)),
    "targets broken at one entry": (changed(y=entry((7, 3, 2, 0), 99)), ("'y' of CROWDIN/val.npz", "window 7")),
    "scaled targets": (changed(y=lambda y: y / 10), ("asks in y for", "y must hold the raw values")),
    "no x": (without("x"), ("Unknown key of val.npz 'x'", "Known: y")),
    "no y": (without("y"), ("Unknown key of val.npz 'y'", "Known: x")),
    "objects": (changed(x=lambda x: x.astype(object)), ("'x' of CROWDIN/val.npz holds Python objects", "never unpickled")),
    "whole numbers": (changed(x=lambda x: x.astype(int)), ("'x' of CROWDIN/val.npz holds int64",)),
    "text": (changed(y=lambda y: y.astype("U4")), ("'y' of CROWDIN/val.npz holds <U4",)),
    "complex numbers": (changed(y=lambda y: y.astype(complex)), ("holds complex128",)),
    "five channels": (changed(x=lambda x: np.concatenate([x, x[..., :2]], axis=3)), ("has 5 channels", "3", "at least 11")),
    "channels of one part only": (changed(x=lambda x: np.concatenate([x, *[x[..., :1]] * 8], axis=3)), ("11 channels", "3 channels")),
    "thirteen steps": (changed(x=lambda x: np.concatenate([x, x[:, :1]], axis=1)), ("has shape (46, 13, 4, 3)", "12")),
    "three axes": (changed(y=lambda y: y[..., 0]), ("has shape (46, 12, 4)",)),
    "no window": (changed(x=lambda x: x[:0], y=lambda y: y[:0]), ("has shape (0, 12, 4, 3)",)),
    "fewer targets": (changed(y=lambda y: y[:-1]), ("x holds 46 windows of 4 nodes, y 45 of 4",)),
    "NaN": (changed(x=entry((5, 2, 1, 0), np.nan)), ("holds nan in window 5, step 2, node 1, channel 0", "finite")),
    "infinite targets": (changed(y=entry((5, 2, 1, 0), np.inf)), ("'y' of CROWDIN/val.npz holds inf in window 5",)),
    "negative values": (negative, ("negative values", "undo any scaling", "2016-01-01")),
    "time of day in hours": (channel(1, lambda tod: tod * 24), ("CROWDIN/train.npz: channel 1", "whole number", "right suite")),
    "time of day off the steps": (channel(1, lambda tod: tod + 0.003, "test"), ("CROWDIN/test.npz: channel 1", "times 48")),
    "weekday from 1": (channel(2, lambda dow: dow + 1), ("channel 2 (weekday) must be Monday 0", "row 96 holds 7")),
    "weekday as a sixth": (channel(2, lambda dow: dow / 6), ("channel 2 (weekday)", "a seventh of it")),
    "weekday inconsistent": (channel(2, lambda dow: (dow + 1) % 7, "test"), ("test.npz starts on", "at most 23 steps later")),
    "weekday constant": (channel(2, lambda dow: 0 * dow + 4), ("train.npz: row 48 says Friday 00:00", "Saturday 00:00")),
    "weekdays unlike at the nodes": (channel(2, lambda dow: np.where(np.arange(4) == 2, 1, dow)), ("at node 2", "the same at all nodes")),
    "parts out of order": (reordered, ("val.npz starts on", "train, val, test")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_array_is_a_sentence_that_names_it_and_nothing_is_written(name, raw):
    change, culprits = BROKEN[name]
    save_suite(raw)
    parts = windows(0)
    change(parts)
    save_task(raw / "CROWDIN", parts)
    refused(raw, "Task crowd_in", *culprits)


def test_a_pickle_inside_a_npz_is_never_run(raw):
    save_suite(raw)
    trap = np.array([Trap(raw / "sprung")], dtype=object)
    np.savez(raw / "CROWDIN" / "val.npz", x=trap, y=trap)
    refused(raw, "holds Python objects")
    assert not (raw / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"nonsense", "half", "flipped", "short"])
def test_a_damaged_npz_is_a_sentence(content, raw):
    save_suite(raw)
    path = raw / "CROWDIN" / "val.npz"
    whole = path.read_bytes()
    if content == "short":
        with zipfile.ZipFile(path, "w") as archive:
            for key, array in windows(0)["val"].items():
                np.save(raw / "one.npy", array)
                archive.writestr(f"{key}.npy", (raw / "one.npy").read_bytes()[:-40])
    else:
        broken = {"half": whole[:len(whole) // 2], "flipped": whole[:900] + bytes([whole[900] ^ 1]) + whole[901:]}
        path.write_bytes(broken.get(content, content))
    refused(raw, "Task crowd_in: ", "CROWDIN/val.npz is damaged or not a .npz file")


def test_a_folder_in_place_of_a_file_is_a_sentence(raw):
    save_suite(raw)
    (raw / "CROWDIN" / "val.npz").unlink()
    (raw / "CROWDIN" / "val.npz").mkdir()
    refused(raw, "val.npz is not a regular file")


def test_a_moving_node_is_a_sentence(raw):
    save_suite(raw, channels=11)
    parts = windows(0, channels=11)
    channel(3, lambda lon: lon + 1, "test")(parts)
    save_task(raw / "CROWDIN", parts)
    refused(raw, "CROWDIN/test.npz: channels 3 and 4", "a node stays where it is")


def test_tasks_that_place_or_count_their_nodes_differently_are_a_sentence(raw):
    save_suite(raw, channels=11)
    save_task(raw / "TAXIPICK", windows(0, channels=11, places=PLACES[::-1]))
    refused(raw, "crowd_in and taxi_pick put node 0 in different places")
    save_task(raw / "TAXIPICK", windows(0, channels=11, nodes=3, places=PLACES[:3]))
    refused(raw, "different numbers of nodes", "crowd_in 4, crowd_out 4, taxi_pick 3")


def test_timestamps_that_are_no_calendar_of_ours_are_noted_only(raw):
    save_suite(raw, channels=11)
    parts = windows(0, channels=11)
    channel(6, lambda month: month * 12)(parts)
    save_task(raw / "CROWDIN", parts)
    assert "differ from our own" in build(raw).card["notes"]["timestamp"]


# ---- clock, parts

def test_another_start_is_asked_for_and_taken(raw):
    written = save_suite(raw, start="2016-01-04T06:30:00")
    refused(raw, "starts on a Monday 06:30 (slot 13)", "Friday 00:00", "--set start=2016-01-04T06:30:00")
    refused(raw, "start = 'soon'", start="soon")
    city = build(raw, start="2016-01-04T06:30:00")
    assert_windows_equal(city, "crowd_in", written["CROWDIN"], 48)


@pytest.mark.parametrize("left_out", [5, 23])
def test_windows_left_out_between_parts_are_bridged_by_the_targets_before_them(left_out, raw, caplog):
    save_suite(raw, left_out=left_out)
    city = build(raw)
    np.testing.assert_array_equal(city.series("crowd_in").values, counts(0))
    assert city.card["notes"]["left_out"].endswith(f": {left_out} / {left_out}")
    assert f"320 / {46 - left_out} / {91 - left_out} windows" in caplog.text
    assert "protocol paper cuts 320 / 46 / 91" in city.card["notes"]["windows"]
    assert "cuts the same rows into 320 / 46 / 91" in caplog.text


def test_a_hole_that_no_target_covers_is_a_sentence(raw):
    save_suite(raw, left_out=24)
    refused(raw, "val.npz starts on", "at most 23 steps later")


def test_parts_of_different_series_do_not_join(raw):
    save_suite(raw)
    save_task(raw / "CROWDIN", {**windows(0), "test": windows(5)["test"]})
    refused(raw, "CROWDIN/test.npz does not continue the part before it", "row 0", "one series")


