"""Tables of pandas in HDF5 are read without PyTables and without unpickling; what lies elsewhere is not followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made.field_files import SENSORS, speeds, write_hdf

from benchmark.data.readers.hdf import read_hdf
from benchmark.data.readers.matlab import read_mat
from benchmark.errors import UserError

h5py = pytest.importorskip("h5py", reason="needs the extra hdf")
TIMES = pd.date_range("2017-01-01", periods=30, freq="5min")


@pytest.mark.parametrize("unit", ["ns", "us", "s"])
@pytest.mark.parametrize("heads", [SENSORS, [400001, 400017, 400030, 400040]])
def test_a_table_has_its_values_columns_and_times(unit, heads, tmp_path):
    write_hdf(tmp_path / "a.h5", "speed", speeds(30), heads, TIMES, unit)
    found = read_hdf(tmp_path / "a.h5", "/speed")
    np.testing.assert_array_equal(found.values, speeds(30))
    assert found.heads == [str(head) for head in heads]
    assert found.times.tolist() == TIMES.tolist()


def test_what_pandas_itself_writes_is_read_alike(tmp_path):
    pytest.importorskip("tables", reason="PyTables is not installed")
    frame = pd.DataFrame(speeds(30), index=TIMES, columns=SENSORS).assign(more=np.arange(30))
    frame.to_hdf(tmp_path / "a.h5", key="df", format="fixed")
    found = read_hdf(tmp_path / "a.h5", "df")
    np.testing.assert_array_equal(found.values, frame.to_numpy())
    assert (found.heads, found.times.tolist()) == (list(frame.columns), TIMES.tolist())
    frame.to_hdf(tmp_path / "t.h5", key="df", format="table")
    with pytest.raises(UserError, match=r"a frame_table of pandas, not a table in its fixed format; save it again"):
        read_hdf(tmp_path / "t.h5", "df")


def test_a_plain_data_set_is_an_array(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x/y"] = speeds(30)
    np.testing.assert_array_equal(read_hdf(tmp_path / "a.h5", "x/y").values, speeds(30))


def broken(change):
    def write(path):
        write_hdf(path, "df", speeds(30), SENSORS, TIMES)
        with h5py.File(path, "r+") as file:
            change(file)
    return write


def _replaced(group, name, data):
    kept = dict(group[name].attrs)
    del group[name]
    group[name] = data
    group[name].attrs.update(kept)


@pytest.mark.parametrize(("write", "sentence"), [
    (broken(lambda file: file["df"].attrs.__delitem__("pandas_type")), r"a group, not a table in its fixed format"),
    (broken(lambda file: file.move("df", "fd")), "Unknown key of a.h5 'df'. Did you mean fd"),
    (broken(lambda file: (file.__delitem__("df/axis1"), file["df"].__setitem__("axis1", h5py.ExternalLink("other.h5", "/a")))),
     "is a link to elsewhere, which is not followed"),
    (broken(lambda file: _replaced(file["df"], "block0_values", np.ones((4, 30)))), "a block of shape"),
    (broken(lambda file: _replaced(file["df"], "axis1", np.full(30, 2**63 - 1))), "one that no city is measured at"),
    (broken(lambda file: _replaced(file["df"], "axis0", np.array(["a", "a", "b", "c"], "S"))), "two columns of one name"),
    (broken(lambda file: file["df"].attrs.__setitem__("nblocks", 10**9)), "it says 1000000000 blocks"),
    (broken(lambda file: file["df/axis1"].attrs.__setitem__("kind", np.bytes_(b"integer"))), "labelled by integer, not by times"),
    (lambda path: path.write_bytes(b"no HDF5"), "damaged or no HDF5 file"),
    (lambda path: None, "does not exist"),
], ids=["no-frame", "key", "link", "block", "times", "twice", "blocks", "kind", "other", "absent"])
def test_what_is_no_such_table_is_a_sentence(write, sentence, tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(UserError, match=sentence.replace(".", r"\.")):
        read_hdf(tmp_path / "a.h5", "df")


def test_arrays_of_other_files_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(800))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10, 10), "f8", external=[(str(tmp_path / "secret"), 0, 800)])
        layout = h5py.VirtualLayout((2,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "b.h5"), "x", (2,))
        file.create_virtual_dataset("y", layout)
    for key in ("x", "y"):
        with pytest.raises(UserError, match="in other files, which are not read"):
            read_hdf(tmp_path / "a.h5", key)


def test_a_mat_file_of_version_7_3_has_its_axes_as_matlab_shows_them(tmp_path):
    cube = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(tmp_path / "t.mat", "w", userblock_size=512) as file:
        file["tensor"] = cube.T
    content = (tmp_path / "t.mat").read_bytes()
    (tmp_path / "t.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + content[512:])
    np.testing.assert_array_equal(read_mat(tmp_path / "t.mat", "tensor"), cube)
