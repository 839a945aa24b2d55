"""Files come whole or not at all: from a server on loopback that cuts, stalls, moves and changes them."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time

import pytest

from benchmark.data.fetching.offer import Download
from benchmark.data.fetching.transfer import Arriving, Failed
from benchmark.errors import UserError
from benchmark.files import DiskError

CONTENT = bytes(range(256)) * 4
OTHER = CONTENT[::-1]
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def mine(server, offered):
    """One file, `a.csv`, at /a of the server; of which SHA-256, and where else it lies, a test may say."""
    def offer(*paths, sha256="", **more):
        server.content["/a"] = CONTENT
        offered(Download("a.csv", tuple(f"{server.address}{path}" for path in paths or ("/a",)), sha256=sha256, **more))
        return server

    return offer


def noted(folder):
    return json.loads((folder / "fetched.json").read_text(encoding="utf-8"))["files"]


def there(folder):
    """Names of what lies there, without the lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".fetch.lock")


def test_a_file_comes_whole_its_hash_is_noted_and_a_second_time_nothing_is_asked(mine, fetch_mine, folder):
    server = mine()
    said = fetch_mine()
    assert (folder / "a.csv").read_bytes() == CONTENT
    assert there(folder) == ["a.csv", "fetched.json"]
    assert noted(folder) == {"a.csv": {"url": f"{server.address}/a", "bytes": 1024, "sha256": DIGEST}}
    assert said[-2] == f"a.csv: 1.02 kB, SHA-256 {DIGEST[:16]}… (noted)."
    assert said[-1] == "Next: stbench data build mine"
    assert f"a.csv is there already (SHA-256 {DIGEST[:16]}…)." in fetch_mine()
    assert server.asked == [("/a", None)]


def test_licence_use_terms_size_and_untried_addresses_are_said_before_anything_is_asked(server, offered, fetch_mine, folder):
    offered(Download("a.csv", (f"{server.address}/none",), 1_500_000), Download("b.csv", (f"{server.address}/b",), 10, "ab" * 32, True))
    said = []
    from benchmark.data.fetching.fetch import fetch

    with pytest.raises(UserError):
        fetch("mine", {}, None, lambda line: said.append((line, list(server.asked))), lambda *_: None)
    assert [line for line, asked in said if not asked] == [
        "mine: all of mine", "  licence  CC0-1.0", "  use      anybody", "  terms    https://terms.example",
        f"  size     2 files, 1.5 MB, into {folder}", f"  a.csv  about 1.5 MB  {server.address}/none  (address not verified)",
        f"  b.csv  10 bytes  {server.address}/b"]


def test_a_download_that_is_cut_goes_on_where_it_stopped_at_once(mine, fetch_mine, folder):
    server = mine()
    server.cuts = [300, 200]
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == CONTENT
    assert server.asked[0] == ("/a", None)
    begins = [int(asked.removeprefix("bytes=").removesuffix("-")) for _, asked in server.asked[1:]]
    assert len(begins) == 2
    assert 0 < begins[0] <= 300 < begins[1] <= 500


def test_and_the_next_time_where_it_breaks_off_for_good(mine, fetch_mine, folder):
    server = mine()
    server.cuts = [300, 0]
    with pytest.raises(UserError, match=r"a\.csv was not fetched: 127\.0\.0\.1:\d+ broke off after \d+ bytes of 1,024\. Type the same"):
        fetch_mine()
    assert there(folder) == [".a.csv.part", ".a.csv.part.json", "fetched.json"]
    assert noted(folder) == {"a.csv": None}
    fetch_mine()
    assert server.asked[-1][1] not in (None, "bytes=0-")
    assert there(folder) == ["a.csv", "fetched.json"]
    assert (folder / "a.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("change", ["another version", "no ranges", "weak version", "no version"])
def test_a_part_is_continued_only_with_the_bytes_of_its_own_version(change, mine, fetch_mine, folder):
    server = mine()
    server.version = {"weak version": 'W/"one"', "no version": ""}.get(change, '"one"')
    server.cuts = [300, 0]
    with pytest.raises(UserError, match="broke off"):
        fetch_mine()
    server.content["/a"] = OTHER
    server.ranges = change != "no ranges"
    server.version = '"two"' if change == "another version" else server.version
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == OTHER


def test_where_there_is_no_strong_tag_the_time_of_change_tells_versions_apart(mine, fetch_mine, folder):
    server = mine()
    server.version, server.modified = "", "Tue, 01 Jan 2019 00:00:00 GMT"
    server.cuts = [300]
    fetch_mine()
    assert server.asked[-1][1] not in (None, "bytes=0-")
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_bytes_of_another_place_than_was_asked_for_are_not_taken(mine, fetch_mine, folder):
    server = mine()
    server.cuts = [300, 0]
    with pytest.raises(UserError):
        fetch_mine()
    server.instead["/a"] = "elsewhere"
    with pytest.raises(UserError, match="does not go on where it stopped; it begins anew next time"):
        fetch_mine()
    del server.instead["/a"]
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_file_that_was_cut_shorter_at_the_source_begins_anew(mine, fetch_mine, folder):
    server = mine()
    server.cuts = [300, 0]
    with pytest.raises(UserError):
        fetch_mine()
    server.content["/a"] = CONTENT[:100]  # under the same version, which it should not be
    with pytest.raises(UserError, match=r"holds less of it than had come; it begins anew next time \(HTTP 416\)"):
        fetch_mine()
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == CONTENT[:100]


def test_a_file_of_another_hash_is_kept_aside_and_never_used(mine, fetch_mine, folder):
    server = mine(sha256=DIGEST)
    server.content["/a"] = OTHER
    with pytest.raises(UserError, match=r"gave another file, kept as a\.csv\.wrong and not used: its SHA-256 is \w+…, and \w+… is pub"):
        fetch_mine()
    assert there(folder) == ["a.csv.wrong", "fetched.json"]
    assert (folder / "a.csv.wrong").read_bytes() == OTHER
    server.content["/a"] = CONTENT
    assert any("(as published)" in line for line in fetch_mine())
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_file_that_has_changed_since_it_first_came_is_kept_aside_until_it_is_trusted(mine, fetch_mine, folder):
    server = mine()
    fetch_mine()
    (folder / "a.csv").unlink()
    server.content["/a"], server.version = OTHER, '"two"'
    with pytest.raises(UserError, match=r"came before; if you trust the new one, remove fetched\.json and fetch again"):
        fetch_mine()
    assert there(folder) == ["a.csv.wrong", "fetched.json"]
    (folder / "fetched.json").unlink()
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == OTHER


def test_a_file_that_was_damaged_here_is_kept_aside_and_fetched_again(mine, fetch_mine, folder, caplog):
    mine()
    fetch_mine()
    (folder / "a.csv").write_bytes(b"damaged")
    fetch_mine()
    assert "is not the file that it should be (SHA-256 differs): it is kept as a.csv.wrong and fetched again" in caplog.text
    assert (folder / "a.csv").read_bytes() == CONTENT
    assert (folder / "a.csv.wrong").read_bytes() == b"damaged"


def test_a_file_that_was_laid_there_by_hand_is_taken_and_its_hash_noted(mine, fetch_mine, folder):
    server = mine()
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(CONTENT)
    fetch_mine()
    assert server.asked == []
    assert noted(folder) == {"a.csv": {"url": "", "bytes": 1024, "sha256": DIGEST}}


def test_a_mirror_is_asked_where_the_first_address_has_nothing_or_something_else(mine, fetch_mine, folder):
    server = mine("/none", "/other", "/a", sha256=DIGEST)
    server.content["/other"] = OTHER
    fetch_mine()
    assert [path for path, _ in server.asked] == ["/none", "/other", "/a"]
    assert noted(folder)["a.csv"]["url"] == f"{server.address}/a"
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_part_is_never_continued_from_another_address(mine, fetch_mine, folder):
    server = mine("/b", "/a")
    server.content["/b"] = OTHER
    server.cuts = [300, 0]
    fetch_mine()
    assert server.asked[-1] == ("/a", None)
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_file_that_moved_is_followed(mine, fetch_mine, folder):
    server = mine("/moved")
    server.instead["/moved"] = "/a"
    fetch_mine()
    assert [path for path, _ in server.asked] == ["/moved", "/a"]
    assert (folder / "a.csv").read_bytes() == CONTENT


@pytest.mark.parametrize(("instead", "reason"), [
    (404, r"says that it is not there \(HTTP 404\)"), (410, r"says that it is gone \(HTTP 410\)"), (401, r"wants an account \(HTTP 401\)"),
    (403, r"refuses it \(HTTP 403\)"), (418, r"refuses it \(HTTP 418\)"), (429, r"has been asked too often; wait a while \(HTTP 429\)"),
    (503, r"has trouble of its own; try later \(HTTP 503\)"), (204, r"answers without a file \(HTTP 204\)"),
    ("page", "answers with a page instead of the file; it may want an account or a consent"),
    ("no length", "does not say how long the file is, so that a broken one could not be told from a whole one"),
    ("/a", "leads from address to address without end"), ("ftp://127.0.0.1/a", "answers with what is not understood"),
])
def test_whatever_does_not_give_a_file_is_one_sentence_that_says_what_to_do(instead, reason, mine, fetch_mine, folder):
    server = mine()
    server.instead["/a"] = instead
    with pytest.raises(UserError) as said:
        fetch_mine()
    sentence = (rf"a\.csv was not fetched: 127\.0\.0\.1:\d+ {reason}.*\. Type the same command again to go on, or get the file by hand "
                rf"\(https://terms\.example\) and lay it into {re.escape(str(folder))}\.")
    assert re.fullmatch(sentence, str(said.value)), said.value
    assert there(folder) == ["fetched.json"]


@pytest.mark.parametrize("instead", ["stall", "stall in the middle"])
def test_silence_is_not_waited_for(instead, mine, fetch_mine, folder):
    server = mine()
    server.instead["/a"] = instead
    with pytest.raises(UserError, match=r"127\.0\.0\.1:\d+ sent nothing for 0\.2 seconds\. Type the same"):
        fetch_mine(timeout=0.2)
    assert not (folder / "a.csv").exists()


def test_a_server_that_is_not_there_is_a_sentence(offered, fetch_mine):
    offered(Download("a.csv", ("http://127.0.0.1:9/a",)))
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9 cannot be reached; look whether there is a network, or a proxy to name"):
        fetch_mine()


def test_an_encrypted_address_does_not_lead_to_one_that_is_not(tmp_path):
    class Answer:
        is_redirect, status_code, url, headers = False, 200, "http://elsewhere.example/a", {}

    with pytest.raises(Failed, match="leads to an address without encryption"):
        Arriving("https://provider.example/a", tmp_path / "part", 0, None, lambda *_: None).begin(Answer())


def test_a_full_disk_is_noticed_before_the_file_comes_and_while_it_does(mine, fetch_mine, folder, monkeypatch):
    class Usage:
        free = 1000

    class Full:
        def write(self, block):
            raise OSError(28, "No space left on device")

        def close(self):
            """Nothing."""

    mine()
    with monkeypatch.context() as patch:
        patch.setattr("benchmark.data.fetching.transfer.shutil.disk_usage", lambda path: Usage)
        with pytest.raises(DiskError, match=r"The disk is full: .* could not be written"):
            fetch_mine()
    with monkeypatch.context() as patch:
        begin = Arriving.begin

        def begin_full(self, response, **_):
            begin(self, response)
            self.file.close()
            self.file = Full()

        patch.setattr(Arriving, "begin", begin_full)
        with pytest.raises(DiskError, match=r"The disk is full: .* could not be written"):
            fetch_mine()
    fetch_mine()
    assert (folder / "a.csv").read_bytes() == CONTENT


def test_a_broken_page_of_hashes_is_a_sentence(mine, fetch_mine, folder):
    mine()
    folder.mkdir(parents=True)
    (folder / "fetched.json").write_text('{"files": {"a.csv": 3}}', encoding="utf-8")
    with pytest.raises(UserError, match=r"fetched\.json says 3 for files\.a\.csv, which is no object\. Remove it and fetch again"):
        fetch_mine()


def test_who_fetches_is_alone_in_the_folder(mine, fetch_mine, folder):
    from filelock import FileLock

    mine()
    folder.mkdir(parents=True)
    with FileLock(folder / ".fetch.lock"), pytest.raises(UserError, match=r"Another process is fetching into .*--to DIR"):
        fetch_mine()


def test_the_files_come_into_the_folder_that_is_named_and_the_command_names_it(mine, fetch_mine, tmp_path):
    mine()
    assert fetch_mine(to=tmp_path / "own")[-1] == f"Next: stbench data build mine --from {tmp_path / 'own'}"
    assert (tmp_path / "own" / "a.csv").read_bytes() == CONTENT


def test_what_is_got_by_hand_is_named_until_it_is_there(server, offered, fetch_mine, folder):
    server.content["/a"] = CONTENT
    offered(Download("a.csv", (f"{server.address}/a",)), Download("b.h5", by_hand="from where the page says"))
    said = fetch_mine()
    assert said[-2:] == [f"By hand, into {folder}: b.h5, from where the page says.", "Then: stbench data build mine"]
    (folder / "b.h5").write_bytes(b"")
    assert fetch_mine()[-1] == "Next: stbench data build mine"


KILLED = """
from benchmark.data.fetching.transfer import transfer
from pathlib import Path
import sys
transfer(sys.argv[1], Path(sys.argv[2]), lambda done, total: print(done, flush=True), 30)
"""


def test_a_process_that_is_killed_leaves_a_part_which_the_next_one_continues(mine, fetch_mine, folder):
    server = mine()
    server.content["/a"] = CONTENT * 1000
    server.instead["/a"] = "stall in the middle"
    folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", KILLED, f"{server.address}/a", str(folder / ".a.csv.part")],
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert there(folder) == [".a.csv.part", ".a.csv.part.json"]
    del server.instead["/a"]
    fetch_mine()
    assert server.asked[-1][1] not in (None, "bytes=0-")
    assert (folder / "a.csv").read_bytes() == CONTENT * 1000
