"""Files of a .zip are laid beside it, whole."""

import io
import zipfile

import pytest

from benchmark.data import bounds
from benchmark.data.fetching.offer import Download
from benchmark.data.fetching.unpack import unpack
from benchmark.errors import UserError


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("deep/below/one.csv", "1")
        packed.writestr("two.csv", "2" * 1000)
        packed.writestr("../three.csv", "3")
    return path


def test_files_are_found_by_their_names_and_never_leave_the_folder(archive, tmp_path):
    unpack(archive, ("one.csv", "three.csv"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "one.csv", "three.csv"]
    assert (tmp_path / "one.csv").read_text(encoding="utf-8") == "1"


def test_what_is_there_stays_and_the_archive_is_not_opened_for_nothing(archive, tmp_path):
    (tmp_path / "two.csv").write_text("mine", encoding="utf-8")
    archive.write_bytes(b"no zip")
    unpack(archive, ("two.csv",))
    unpack(tmp_path / "nowhere.csv", ())
    assert (tmp_path / "two.csv").read_text(encoding="utf-8") == "mine"


def test_an_archive_that_lacks_a_file_or_is_none_is_a_sentence(archive, tmp_path):
    with pytest.raises(UserError, match=r"a\.zip does not hold four\.csv; its provider has changed it"):
        unpack(archive, ("one.csv", "four.csv"))
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"a\.zip is damaged or no \.zip \(.*\); remove it and fetch again"):
        unpack(archive, ("one.csv",))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_no_more_is_unpacked_than_a_file_may_have(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LARGEST_FILE", 900)
    with pytest.raises(UserError, match="decompresses to more than 900 bytes"):
        unpack(archive, ("two.csv",))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_was_fetched_is_unpacked_at_once_and_again_when_it_is_gone(server, offered, fetch_mine, folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("train.csv", "rows")
    server.content["/z"] = content.getvalue()
    offered(Download("train.csv.zip", (f"{server.address}/z",), holds=("train.csv",)))
    fetch_mine()
    (folder / "train.csv").unlink()
    fetch_mine()
    assert (folder / "train.csv").read_text(encoding="utf-8") == "rows"
    assert len(server.asked) == 1
