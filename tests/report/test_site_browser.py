"""The leaderboard in a real browser, opened from the disk: what is clicked, typed and seen; and that it finds what Python finds."""

import json
import statistics
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from made.sites import HOSTILE, build, chromium, records

from benchmark.report.choice import Filter
from benchmark.report.figures.charts.ranks import joined
from benchmark.report.figures.kinds.comparing import _seconds
from benchmark.report.figures.kinds.runs import settings
from benchmark.report.ranks import make_ranks
from benchmark.report.site.board import board, metric_facts
from benchmark.report.site.build import HERE
from benchmark.report.statistics.across import friedman_p, nemenyi, task_ranks, win_rates
from benchmark.report.table import make_tables
from benchmark.store.records import Store, published_root

pytest.importorskip("jinja2")
pytest.importorskip("scikit_posthocs")


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two presets, a submission, an unsettled row, and names that are markup."""
    late = [replace(one, notes={**one.notes, "training": {"best_epoch": 20, "epochs": 20}})
            for one in records({"mtgnn": {"taxi_pick": (0.5,)}}, preset="medium")]
    (first, *_) = made = records()
    said = {"method": "stid", "title": "STID", "paper": "P", "licence": "MIT", "code": "https://example.org/code", "bundle": "00",
            "author_verified": "https://example.org/said", "reproduced": {first.spec.id: {"by": "Jo", "how": "bits", "environment": {}}}}
    return build(tmp_path_factory.mktemp("board"), [*made, *records(preset="medium"), *late], {"stid": said})


@pytest.fixture
def visit(browser, site):
    """Opens a page of the site; afterwards nothing was said on the console, and nothing was asked for that is not of the site."""
    opened, heard = [], []

    def open_page(name, folder=site, **context):
        page = browser.new_context(**context).new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: heard.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: heard.append(request.url) if not request.url.startswith(folder.as_uri()) else None)
        path, _, fragment = name.partition("#")
        page.goto((folder / path).as_uri() + (f"#{fragment}" if fragment else ""))
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.context.close()
    assert heard == []


def methods_of(page, table):
    return page.locator(f"{table} .tabulator-row:not(.tabulator-group) .tabulator-cell[tabulator-field=method]").all_inner_texts()


def open_quick(visit):
    page = visit("suites/nyc.html")
    page.select_option("#by-preset", "quick")
    return page


def test_a_click_on_a_head_sorts_and_so_does_the_keyboard(visit):
    page = open_quick(visit)
    assert methods_of(page, "#ranking")[0] == "stid"
    page.get_by_role("button", name="win rate % ↑").click()
    assert methods_of(page, "#ranking")[0] == HOSTILE
    button = page.locator("#ranking").get_by_role("button", name="mean rank ↓")
    button.focus()
    page.keyboard.press("Enter")
    assert methods_of(page, "#ranking")[0] == "stid"
    assert page.locator("#ranking [role=columnheader][tabulator-field=rank]").get_attribute("aria-sort") == "ascending"


def test_words_and_tasks_filter_the_rows_and_ranks_follow(visit):
    page = open_quick(visit)
    assert page.inner_text("#said") == "8 rows of 4 methods shown."
    page.fill("#by-words", "gwnet stgcn stid")
    assert methods_of(page, "#ranking") == ["stid", "stgcn", "gwnet"]
    ranks = page.locator("#ranking .tabulator-cell[tabulator-field=rank]").all_inner_texts()
    assert ranks == ["1.00", "2.50", "2.50"]
    assert "it has no signs" in page.inner_text("#conditions")
    page.fill("#by-words", "gwnet stgcn")
    assert page.locator("#ranking").is_hidden()
    assert "Ranks across tasks need 3 methods" in page.inner_text("#rank-notes")
    page.fill("#by-words", "")
    page.select_option("#by-task", "taxi_drop")
    assert methods_of(page, "#numbers") == ["stid", "stgcn", "gwnet", HOSTILE]


def test_settings_are_chosen_one_at_a_time_and_what_has_not_settled_is_not_ranked(visit):
    page = visit("suites/nyc.html")
    assert page.input_value("#by-preset") == "medium"
    page.select_option("#by-task", "taxi_pick")
    assert methods_of(page, "#numbers")[-1] == "mtgnn (not settled)"
    assert not page.locator("#numbers .tabulator-row", has_text="mtgnn").locator("b, u").count()
    page.select_option("#by-preset", "quick")
    assert "mtgnn" not in page.inner_text("#numbers")


def test_a_number_leads_to_its_record_and_on_to_the_file(visit):
    page = open_quick(visit)
    page.locator("#numbers .tabulator-row", has_text="stid").first.locator("a", has_text="±").first.click()
    page.wait_for_selector("article")
    assert page.locator("article h2").all_inner_texts() == [f"stid on nyc, seed {seed}" for seed in range(3)]
    assert "Reproduced by Jo: bits." in page.inner_text("article")
    page.get_by_role("link", name="the file itself").first.click()
    page.wait_for_url("**/records/nyc/stid/*.json")
    assert json.loads(page.locator("pre").inner_text())["spec"]["method"] == "stid"


@pytest.mark.parametrize("fragment", ["../evil/x/0123456789abcdef", "nyc/stid/zz", "//evil.example/a/0123456789abcdef", "%", "",
                                      "nyc/stid/0123456789abcdef"])
def test_an_address_of_no_record_says_so(visit, fragment):
    page = visit(f"record.html#{fragment}")
    page.wait_for_selector("#records p")
    assert page.inner_text("#records") in ("Follow a number of a table to see the records behind it.", "This site holds no such record.")


def test_who_reproduced_and_who_verified_stand_in_the_table(visit):
    page = open_quick(visit)
    row = page.locator("#numbers .tabulator-row", has_text="stid").first
    assert row.locator("[tabulator-field=reproduced]").inner_text() == "Jo (bits), 1 of 3 runs"
    link = row.locator("[tabulator-field=verified] a")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == ("https://example.org/said", "noopener noreferrer")
    assert row.locator("[tabulator-field=source] a").get_attribute("href") == "https://example.org/code"


def test_text_of_a_record_is_text_everywhere(visit, site):
    (hostile,) = (path.stem for path in (site / "methods").glob("*img*"))
    for name in ("index.html", "suites/nyc.html", f"methods/{hostile}.html"):
        page = visit(name)
        assert HOSTILE in page.inner_text("main")
        assert not page.locator("img").count()
    (run, *_) = (path.stem for path in (site / "records" / "nyc" / hostile).glob("*.json"))
    page = visit(f"record.html#nyc/{hostile}/{run}")
    page.wait_for_selector("article")
    assert HOSTILE in page.inner_text("article h2")


def test_a_script_in_a_page_would_not_run(browser, site):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))")
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.parametrize("name", ["index.html", "suites/nyc.html", "methods/stid.html", "record.html"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_the_screen(visit, name, width):
    page = visit(name, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode_is_dark_and_light_mode_light(visit):
    def background(scheme):
        page = visit("suites/nyc.html", color_scheme=scheme)
        found = page.evaluate("[document.body, document.querySelector('#numbers .tabulator-row'), document.querySelector('.tabulator-col')]"
                              ".map((one) => getComputedStyle(one).backgroundColor)")
        return [sum(map(int, text.strip("rgb()").split(", "))) for text in found]

    assert all(shade < 150 for shade in background("dark"))
    assert all(shade > 600 for shade in background("light"))


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(visit):
    page = visit("suites/nyc.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_reader_of_the_screen_is_told_tables_heads_and_what_is_shown(visit):
    page = open_quick(visit)
    assert page.locator("#numbers [role=grid]").get_attribute("aria-label").startswith("Numbers of taxi_pick")
    assert page.get_by_role("status").inner_text().endswith("methods shown.")
    assert page.locator("#numbers a[aria-label*='MAE: 1.10 ± 0.10, best']").count() == 1


# what the page computes, against Python

@pytest.fixture(scope="module")
def pure(browser):
    """Calls a function of ranks.js or cost.js with plain data."""
    page = browser.new_page()
    for name in ("ranks", "cost"):
        page.add_script_tag(content=(HERE / "static" / f"{name}.js").read_text(encoding="utf-8"))

    def call(function, *given, values=False):
        """values: of the Map that it gives."""
        made = f"window.stbench.{function}(...given)"
        return page.evaluate(f"(given) => [...{made}.values()]" if values else f"(given) => {made}", list(given))

    return call


def ranking(pure, setting):
    return pure("ranks.ranking", setting["rows"], setting["tasks"], metric_facts()) if setting["ranked"] else None


def assert_same(found, ranks):
    assert (found is None) == (ranks is None)
    if ranks is None:
        return
    assert (found["names"], found["tasks"], found["metrics"]) == (list(ranks.names), list(ranks.tasks), list(ranks.metrics))
    assert (found["leftOut"], found["leftOutTasks"]) == (list(ranks.left_out), list(ranks.left_out_tasks))
    assert found["ranks"] == [list(one) for one in ranks.ranks]
    assert found["meanRanks"] == pytest.approx(ranks.mean_ranks, rel=1e-14)
    assert found["winRates"] == pytest.approx(ranks.win_rates, rel=1e-13)
    assert found["friedman"] == pytest.approx(ranks.friedman_p, rel=1e-10)
    assert found["difference"] == pytest.approx(ranks.critical_difference, rel=1e-8)


def groups(tables):
    return [list(group) for _, group in groupby(tables, key=lambda table: table.group)]


def test_the_page_ranks_the_published_records_as_python_does_whatever_rows_are_shown(pure, stores):
    store, rng = Store(published_root()), np.random.default_rng(0)
    checked = 0
    for suite in sorted(path.name for path in store.root.iterdir()):
        everything = make_tables(store, None, Filter(suites=(suite,)))
        names = sorted({row.method for table in everything for row in table.rows if not row.floor})
        fields = [names, *(sorted(rng.choice(names, size=max(3, len(names) * 2 // 3), replace=False).tolist()) for _ in range(3))]
        for field in fields:
            tables = everything if field is names else make_tables(store, None, Filter(suites=(suite,), methods=tuple(field)))
            own = groups(tables)
            whole = board(everything)["settings"]
            for setting, group in zip(board(tables)["settings"], own, strict=True):
                ranks = make_ranks(group)
                assert_same(ranking(pure, setting), ranks)
                # the same of the whole field's data, of which only these rows are shown
                (same,) = [one for one in whole if all(one[key] == setting[key] for key in ("version", "edition", "protocol", "preset",
                                                                                            "scenario", "differs"))]
                shown = {row["called"] for row in setting["rows"] if not row.get("floor")}
                rows = [row for row in same["rows"] if row.get("floor") or row["method"] in field]
                if {row["called"] for row in rows if not row.get("floor")} == shown:
                    assert_same(ranking(pure, {**same, "rows": rows}), ranks)
                checked += ranks is not None
    assert checked > 10


def test_best_and_second_are_those_of_the_tables(pure):
    for suite in ("nyc", "flights"):
        tables = make_tables(Store(published_root()), None, Filter(suites=(suite,)))
        for setting, group in zip(board(tables)["settings"], groups(tables), strict=True):
            rows = [(row, table.metrics) for table in group for row in table.rows]
            assert pure("ranks.marks", setting["rows"], metric_facts(), values=True) == [
                {metric: row.cells[metric].rank for metric in metrics if metric in row.cells and row.cells[metric].rank}
                for row, metrics in rows]


@pytest.mark.parametrize("seed", range(5))
def test_ranks_of_any_values_are_those_of_python(pure, seed):
    rng = np.random.default_rng(seed)
    tasks, methods = int(rng.integers(2, 9)), int(rng.integers(3, 40))
    splits = [rng.integers(0, methods, size=(int(rng.integers(1, 4)), methods)) / 7 for _ in range(tasks)]
    higher = [bool(rng.integers(2)) for _ in splits]
    ranks = np.stack([task_ranks(values, higher_is_better=up) for values, up in zip(splits, higher, strict=True)])
    assert [pure("ranks.taskRanks", values.tolist(), up) for values, up in zip(splits, higher, strict=True)] == ranks.tolist()
    assert pure("ranks.winRates", ranks.tolist()) == pytest.approx(((win_rates(ranks).sum(axis=1) - 0.5) / (methods - 1)).tolist())
    assert pure("ranks.friedman", ranks.tolist()) == pytest.approx(friedman_p(ranks), rel=1e-9)
    difference, _ = nemenyi(ranks)
    assert pure("ranks.criticalDifference", methods, tasks) == pytest.approx(difference, rel=1e-8)
    means = np.sort(ranks.mean(axis=0)).tolist()
    letters = pure("ranks.letters", means, difference)
    runs = [[k for k in range(methods) if letter in letters[k]] for letter in dict.fromkeys("".join(letters))] if methods < 26 else []
    named = {f"{k:03}": mean for k, mean in enumerate(means)}
    bars = joined(named, lambda one, other: abs(named[one] - named[other]) > difference)
    assert methods >= 26 or [[f"{k:03}" for k in run] for run in runs if len(run) > 1] == bars


def test_methods_that_all_tie_have_no_p_of_friedman(pure):
    assert pure("ranks.friedman", [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]) is None


def test_means_are_those_of_python_to_the_bit(pure):
    rng = np.random.default_rng(0)
    for size in range(1, 12):
        values = rng.lognormal(size=size).tolist()
        assert pure("ranks.mean", values) == statistics.fmean(values)
        assert size < 2 or pure("ranks.deviation", values) == pytest.approx(statistics.stdev(values))


def test_costs_are_the_seconds_of_the_figure(pure):
    store = Store(published_root())
    tables, (runs,) = (of(store, None, Filter(suites=("nyc",))) for of in (make_tables, settings))
    made = board(tables)
    (setting,) = made["settings"]
    found = pure("costs", [row for row in setting["rows"] if not row.get("changed")], setting["tasks"], made["runs"], made["machines"])
    expected = {name: seconds for name, by_task in runs.methods.items() if (seconds := _seconds(by_task, runs.tasks))}
    assert sorted(one["seconds"] for one in found["panels"][0]["points"]) == pytest.approx(sorted(expected.values()))
