"""The report: one file that holds everything, asks for nothing, and shows the class project's demo map."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineUrlRequestInterceptor
from PySide6.QtWebEngineWidgets import QWebEngineView
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from geotagger.core.calibration import Calibration
from geotagger.core.cells import CellGrid, build_cell_grid
from geotagger.core.regions import load_regions
from tests.trainer.originals.made import make_data
from trainer.answers import Answers, Judged, judge
from trainer.compare import baselines_on
from trainer.evaluate import evaluate_judged, prior_baseline, shown
from trainer.report import write_report
from trainer.report_map import map_page
from trainer.run_folder import TrainingError
from trainer.shards import Sample, ShardData

CALIBRATION = Calibration(1.0, 1.0, 0.8, 0.8, 0.8, 0.8, 40, 4, "made up")


@pytest.fixture(scope="module")
def grid() -> CellGrid:
    return build_cell_grid(load_regions())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ShardData:
    return ShardData(make_data(tmp_path_factory.mktemp("data"), per_region=2))


def answers(samples: tuple[Sample, ...], grid: CellGrid) -> Answers:
    """Sure of the right region for every photo but the first, which is taken for Hawaii."""
    regions = np.zeros((len(samples), len(load_regions())), np.float32)
    for row, sample in enumerate(samples):
        regions[row, sample.region if row else load_regions().by_postal("HI").index] = 6.0
    return Answers(
        regions, np.zeros((len(samples), len(grid)), np.float32), np.zeros((len(samples), 4), np.float32)
    )


class Page(HTMLParser):
    """What a page refers to, its policy, and the pages in its frames."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.policies: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.addresses += [
            attributes[name] or "" for name in ("src", "href", "srcset", "data") if name in attributes
        ]
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(attributes["content"] or "")
        if tag == "iframe":
            self.frames.append(attributes)


@pytest.fixture
def report(data: ShardData, grid: CellGrid, tmp_path: Path) -> Path:
    samples = data.of("test")
    file = tmp_path / "report.html"
    write_report(file, tmp_path, answers(samples, grid), data, samples, grid, CALIBRATION)
    return file


def test_the_report_and_the_map_in_it_hold_everything_themselves(report: Path) -> None:
    page = Page(report.read_text(encoding="utf-8"))
    assert page.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    (frame,) = page.frames
    assert frame["sandbox"] == "allow-scripts"
    inner = Page(frame["srcdoc"] or "")
    assert inner.addresses == []
    for policies in (page.policies, inner.policies):
        assert len(policies) == 1
        assert policies[0].startswith("default-src 'none'")
        assert "http" not in policies[0]


def test_photos_of_which_only_the_region_is_known_make_dashes_with_a_reason_and_no_map(
    data: ShardData, grid: CellGrid, tmp_path: Path
) -> None:
    samples = tuple(replace(sample, lat_deg=None, lon_deg=None) for sample in data.of("test"))
    file = tmp_path / "report.html"
    write_report(file, tmp_path, answers(samples, grid), data, samples, grid, CALIBRATION)
    page = file.read_text(encoding="utf-8")
    assert ">nan<" not in page
    assert "[nan" not in page
    assert "<td>median distance, km</td><td>–</td></tr>" in page
    assert "–: not measured. Distances need photos whose place" in page
    assert "<iframe" not in page
    assert "No map: of these photos only the region is known" in page


def judged_of(data: ShardData, grid: CellGrid) -> tuple[Judged, tuple[Sample, ...]]:
    samples = data.of("test")
    return judge(answers(samples, grid), samples, grid, CALIBRATION), samples


def test_the_map_shows_true_places_guesses_and_right_ones_in_the_original_colours(
    data: ShardData, grid: CellGrid, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "map.html"
    file.write_text(map_page(*judged_of(data, grid), grid), encoding="utf-8")
    with Opened(file, qtbot) as opened:
        count = "document.querySelectorAll('path[{}]').length".format
        opened.wait(count('fill="#ffff00"') + " === 12")
        assert opened.js(count('fill="#add8e6"][stroke="#00008b"')) == 12
        assert opened.js(count('fill="none"][stroke="#1e7b45"')) == 11
        assert opened.asked == [QUrl.fromLocalFile(str(file)).toString()]


def test_opening_the_report_asks_for_nothing_but_the_file(report: Path, qtbot: QtBot) -> None:
    """In an ordinary profile, which would let every request through."""
    with Opened(report, qtbot) as opened:
        opened.wait("document.querySelector('iframe') !== null && document.readyState === 'complete'")
        opened.js("new Image().src = 'elsewhere.png'; 1")
        opened.js("fetch('https://example.org/').catch(() => { window.refused = true; }); 1")
        opened.wait("window.refused === true")
        assert opened.asked == [QUrl.fromLocalFile(str(report)).toString()]


def test_a_page_that_asks_for_something_would_be_noticed(tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "page.html"
    file.write_text('<img src="elsewhere.png">', encoding="utf-8")
    with Opened(file, qtbot) as opened:
        assert [QUrl(address).fileName() for address in opened.asked] == ["page.html", "elsewhere.png"]


class _Recorder(QWebEngineUrlRequestInterceptor):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def interceptRequest(self, info: object) -> None:
        self.asked.append(info.requestUrl().toString())  # type: ignore[attr-defined]


class Opened:
    """A file in the browser engine, with every address that was asked for."""

    def __init__(self, file: Path, qtbot: QtBot) -> None:
        self._file, self._bot = file, qtbot
        self._recorder = _Recorder()
        self._view = QWebEngineView()
        qtbot.addWidget(self._view)
        self._profile = QWebEngineProfile(self._view)
        self._profile.setUrlRequestInterceptor(self._recorder)
        self._page = QWebEnginePage(self._profile)
        self._view.setPage(self._page)
        self._view.resize(800, 600)

    @property
    def asked(self) -> list[str]:
        return self._recorder.asked

    def __enter__(self) -> Opened:
        self._view.show()
        with self._bot.waitSignal(self._page.loadFinished, timeout=60_000) as finished:
            self._page.load(QUrl.fromLocalFile(str(self._file)))
        assert finished.args == [True]
        return self

    def __exit__(self, *_: object) -> None:
        delete(self._page)  # before its profile

    def js(self, code: str) -> object:
        results: list[object] = []
        self._page.runJavaScript(code, 0, results.append)
        self._bot.waitUntil(lambda: bool(results), timeout=30_000)
        return results[0]

    def wait(self, condition: str) -> None:
        self._bot.waitUntil(lambda: self.js(condition) is True, timeout=30_000)


HALF_VALIDATED = '[{"losses": [2], "top1_micro": 5}, {"losses": [1], "top1_micro": 6}]'


@pytest.mark.parametrize(
    "history", ["[", "{}{", '[{"epoch": 1}]', '[{"losses": ["much"]}]', "[3]", HALF_VALIDATED]
)
def test_a_damaged_history_is_told(data: ShardData, grid: CellGrid, tmp_path: Path, history: str) -> None:
    (tmp_path / "history.json").write_text(history)
    samples = data.of("test")
    with pytest.raises(TrainingError, match="history of the training"):
        write_report(tmp_path / "a.html", tmp_path, answers(samples, grid), data, samples, grid, CALIBRATION)


def test_the_curves_show_the_losses_and_how_strangers_were_guessed_after_each_epoch(
    data: ShardData, grid: CellGrid, tmp_path: Path
) -> None:
    shares = {"top1_micro": 5.0, "top3_macro": 12.5, "top10_macro": 31.0}
    epochs = [{"losses": [4.5, 4.25, 4.0], **shares}, {"losses": [3.75, 3.5], **shares, "top10_macro": 40.5}]
    (tmp_path / "history.json").write_text(json.dumps(epochs))
    samples = data.of("test")
    write_report(tmp_path / "a.html", tmp_path, answers(samples, grid), data, samples, grid, CALIBRATION)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    loss, validation = page.split("<h2>Validation</h2>")
    assert "5 steps, 2 epochs" in loss
    assert ">4.50<" in loss
    assert ">3.50<" in loss
    for name in ("top-1 micro", "top-3 macro", "top-10 macro"):
        assert f">{name}</text>" in validation
    assert ">40<" in validation.partition("</svg>")[0]
    assert ">5<" in validation.partition("</svg>")[0]


def test_the_baselines_stand_beside_ours_where_they_were_measured_on_the_same_photos(
    data: ShardData, grid: CellGrid, tmp_path: Path
) -> None:
    samples = data.of("test")
    prior = prior_baseline(data.of("train"), samples, grid)
    ours = evaluate_judged("ours", judge(answers(samples, grid), samples, grid, CALIBRATION), samples, None)
    document = {"list_hash": data.list_hash, "splits": ["test"], "systems": [prior.to_json(), ours.to_json()]}
    (tmp_path / "metrics.json").write_text(json.dumps(document))
    assert baselines_on(tmp_path, "of other photos", ["test"]) == ()
    assert baselines_on(tmp_path, data.list_hash, ["validation"]) == ()
    assert baselines_on(tmp_path / "elsewhere", data.list_hash, ["test"]) == ()
    (found,) = baselines_on(tmp_path, data.list_hash, ["test"])
    file = tmp_path / "a.html"
    write_report(file, tmp_path, answers(samples, grid), data, samples, grid, CALIBRATION, [found])
    page = file.read_text(encoding="utf-8")
    assert "<th>region frequencies</th><th>ours</th>" in page
    for key, name in (("top3_macro", "top-3 macro, %"), ("log_loss", "log loss")):
        assert f"<td>{name}</td><td>{shown(key, prior.metrics[key])}</td>" in page
    assert "The baselines stand here" not in page


def test_what_cannot_be_told_of_a_region_is_a_dash(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    assert "<td>Hawaii</td><td>0</td><td>0</td><td>–</td><td>–</td>" in page  # guessed once, wrongly
    assert "<td>Alaska</td>" not in page


def test_a_square_of_the_confusion_matrix_says_what_was_taken_for_what(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    assert ", taken for Hawaii: 1</title>" in page


def test_a_training_in_the_current_folder_is_called_by_its_name(
    data: ShardData, grid: CellGrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples = data.of("test")
    write_report(Path("a.html"), Path(), answers(samples, grid), data, samples, grid, CALIBRATION)
    assert f"<h1>Training {tmp_path.name}</h1>" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_names_that_look_like_markup_stay_text(data: ShardData, grid: CellGrid, tmp_path: Path) -> None:
    samples = tuple(replace(sample, key="<script>k</script>", group="<i>g") for sample in data.of("test"))
    run = tmp_path / "<script>alert(1)<_script>"
    run.mkdir()
    write_report(tmp_path / "a.html", run, answers(samples, grid), data, samples, grid, CALIBRATION)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Training &lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<script>k" not in page
