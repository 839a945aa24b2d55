"""Mangled inputs of a fixed seed: none is a traceback, a hang, or read as something else (`make fuzz` runs many)."""

from importlib.util import find_spec

from fuzz.campaign import run_cases

CASES = 200
# two of them need the extra hdf
SOUND = 62 + 2 * (find_spec("h5py") is not None)


def test_sound_fixtures_keep_their_values_and_mangled_ones_are_read_or_refused(tmp_path):
    found = list(run_cases(range(-SOUND, CASES), seed=1, folder=tmp_path))
    assert len(found) == CASES + SOUND
    assert [one for one in found if one["outcome"] == "fault"] == []
    assert {one["outcome"] for one in found[:SOUND]} == {"accepted"}
