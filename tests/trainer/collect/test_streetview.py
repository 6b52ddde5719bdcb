"""Street View against a server that answers as Google's documentation says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from tests.trainer.collect.fake_service import (
    Asked,
    FakeService,
    FakeTime,
    Reply,
    flat_jpeg,
    jpeg,
    json_reply,
    rows,
)
from trainer.collect.errors import CollectError
from trainer.collect.run import Summary, Wanted, collect
from trainer.collect.streetview import StreetView, sign
from trainer.collect.web import WebClient
from trainer.config import load_config
from trainer.prepare import prepare
from trainer.shards import ShardData

METADATA = "/maps/api/streetview/metadata"
IMAGE = "/maps/api/streetview"
FEW = Wanted(photos_per_region=4, postals=("CO", "WY"), tries_per_region=60)


class Google:
    """Answers with a panorama right at each point that is asked for; tests change parts of it."""

    def __init__(self) -> None:
        self.metadata: Callable[[Asked, dict], dict] = lambda asked, document: document
        self.image: Callable[[Asked], Reply] = lambda asked: Reply(
            jpeg(int(asked.query["heading"])), content_type="image/jpeg"
        )

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == IMAGE:
            return self.image(asked)
        lat, lon = asked.query["location"].split(",")
        document = {
            "status": "OK",
            "pano_id": hashlib.sha256(asked.query["location"].encode()).hexdigest()[:22],
            "location": {"lat": float(lat), "lng": float(lon)},
            "date": "2019-05",
            "copyright": "© Google",
        }
        return json_reply(self.metadata(asked, document))


@pytest.fixture
def google(service: FakeService) -> Google:
    google = Google()
    service.answer = google
    return google


@pytest.fixture
def street_view(service: FakeService, client: WebClient) -> StreetView:
    return StreetView(client, "KEY123", base_url=service.url)


def run(street_view: StreetView, folder: Path, wanted: Wanted = FEW) -> Summary:
    return collect(street_view, wanted, load_regions(), folder)


def test_photos_of_every_wanted_region_with_their_places(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    summary = run(street_view, tmp_path)
    assert summary.photos == {"CO": 4, "WY": 4}
    assert summary.is_complete
    found = rows(tmp_path)
    assert len(found) == 8
    regions = load_regions()
    for row in found:
        position = LatLon(float(row["lat"]), float(row["lon"]))
        assert regions[regions.region_at(position)].postal == row["region"]
        with Image.open(tmp_path / row["file"]) as image:
            assert image.size == (600, 600)
        assert hashlib.sha256((tmp_path / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        assert row["label"] == "streetview"
        assert row["original_size"] == "600x600"
        assert row["captured"] == "2019-05"
        assert row["taken"] == ""
        assert row["attribution"] == "© Google, Street View, 2019-05"
        assert row["photographer"].startswith("streetview-84")
    metadata = [asked for asked in service.asked if asked.path == METADATA]
    images = [asked for asked in service.asked if asked.path == IMAGE]
    assert len(images) == 8
    assert all(a.query["source"] == "outdoor" and a.query["key"] == "KEY123" for a in metadata)
    assert all(a.query["size"] == "600x600" and a.query["return_error_code"] == "true" for a in images)
    assert service.asked.index(metadata[0]) < service.asked.index(images[0])
    assert all("signature" not in asked.query for asked in service.asked)
    assert len({asked.query["heading"] for asked in images}) > 4


def test_the_key_is_in_no_file(google: Google, street_view: StreetView, tmp_path: Path) -> None:
    run(street_view, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 10
    assert not any(b"KEY123" in path.read_bytes() for path in files)


def test_the_same_seed_collects_the_same_photos(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    run(street_view, tmp_path / "a")
    run(street_view, tmp_path / "b")
    run(street_view, tmp_path / "c", replace(FEW, seed=1))
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert rows(tmp_path / "a") != rows(tmp_path / "c")


def test_empty_areas_are_passed_over_and_an_empty_region_given_up(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    regions = load_regions()

    def metadata(asked: Asked, document: dict) -> dict:
        lat, lon = (float(value) for value in asked.query["location"].split(","))
        in_colorado = regions.region_at(LatLon(lat, lon)) == regions.by_postal("CO").index
        return document if in_colorado else {"status": "ZERO_RESULTS"}

    google.metadata = metadata
    summary = run(street_view, tmp_path)
    assert summary.photos == {"CO": 4, "WY": 0}
    assert summary.short == ("WY",)
    assert summary.refused == {"no imagery": 60}
    assert not summary.is_complete
    assert summary.spent_usd == pytest.approx(4 * 0.007)


def test_a_panorama_is_taken_once(google: Google, street_view: StreetView, tmp_path: Path) -> None:
    google.metadata = lambda asked, document: {**document, "pano_id": "the-only-one"}
    summary = run(street_view, tmp_path, Wanted(3, ("CO",), tries_per_region=20))
    assert summary.photos == {"CO": 1}
    assert summary.refused == {"duplicate": 19}


def test_photos_keep_their_distance(google: Google, street_view: StreetView, tmp_path: Path) -> None:
    run(street_view, tmp_path, Wanted(12, ("RI", "DE"), min_distance_km=8.0, tries_per_region=400))
    places = [LatLon(float(row["lat"]), float(row["lon"])) for row in rows(tmp_path)]
    assert len(places) > 12
    pairs = [a.distance_km(b) for i, a in enumerate(places) for b in places[:i]]
    assert min(pairs) >= 8.0


def test_indoor_and_contributed_panoramas_are_refused_before_they_cost_anything(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    google.metadata = lambda asked, document: {**document, "copyright": "© Ann Example"}
    summary = run(street_view, tmp_path, Wanted(1, ("CO",), tries_per_region=10))
    assert summary.refused == {"not by Google": 10}
    assert summary.spent_usd == 0
    assert {asked.path for asked in service.asked} == {METADATA}


def test_a_panorama_across_the_border_is_refused(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    google.metadata = lambda asked, document: {**document, "location": {"lat": 48.85, "lng": 2.35}}
    assert run(street_view, tmp_path, Wanted(1, ("CO",), tries_per_region=5)).refused == {
        "outside the region": 5
    }


@pytest.mark.parametrize(
    "reply",
    [
        Reply(jpeg()[:3000], content_type="image/jpeg"),
        Reply(b"\xff\xd8\xff rubbish", content_type="image/jpeg"),
        Reply(b"", content_type="image/jpeg"),
        Reply(jpeg(size=(300, 300)), content_type="image/jpeg"),
        Reply(flat_jpeg(), content_type="image/jpeg"),
        Reply(b"<html>quota</html>", content_type="text/html"),
    ],
    ids=["cut off", "rubbish", "empty", "other size", "blank", "a page"],
)
def test_a_broken_picture_is_refused_and_the_next_point_taken(
    google: Google, street_view: StreetView, tmp_path: Path, reply: Reply
) -> None:
    good, replies = google.image, [reply, reply]
    google.image = lambda asked: replies.pop() if replies else good(asked)
    summary = run(street_view, tmp_path)
    assert summary.refused == {"broken picture": 2}
    assert summary.photos == {"CO": 4, "WY": 4}
    assert len(list(tmp_path.rglob("*.jpg"))) == 8
    assert not list(tmp_path.rglob("*.part"))


def test_a_picture_that_is_gone_is_passed_over(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    good, replies = google.image, [Reply(status=404)]
    google.image = lambda asked: replies.pop() if replies else good(asked)
    summary = run(street_view, tmp_path)
    assert summary.refused == {"picture gone": 1}
    assert summary.photos == {"CO": 4, "WY": 4}


def test_nothing_but_broken_pictures_stops_before_it_costs_more(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    google.image = lambda asked: Reply(flat_jpeg(), content_type="image/jpeg")
    summary = run(street_view, tmp_path, Wanted(100, ("CO",)))
    assert summary.stopped == "20 answers in a row could not be used; the last: The picture is blank."
    assert summary.spent_usd == pytest.approx(20 * 0.007)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"status": "REQUEST_DENIED", "error_message": "The key KEY123 is invalid."}, "refuses the key"),
        ({"status": "INVALID_REQUEST"}, "does not understand the request"),
        ({"status": "OVER_QUERY_LIMIT"}, "quota of this key is used up"),
        ({"status": "UNKNOWN_ERROR"}, "a fault of its own"),
        ({"status": "NEW_STATUS"}, "unknown status, 'NEW_STATUS'"),
        ({"status": "OK", "pano_id": "x"}, "lack the panorama's id or position"),
        ({"status": "OK", "pano_id": "x", "location": {"lat": 95, "lng": 1}}, "lack the panorama's"),
        ({}, "unknown status"),
    ],
)
def test_each_refusal_of_the_service_is_one_sentence(
    google: Google, street_view: StreetView, tmp_path: Path, document: dict, sentence: str
) -> None:
    google.metadata = lambda asked, normal: document
    summary = run(street_view, tmp_path)
    assert summary.stopped is not None
    assert sentence in summary.stopped
    assert "KEY123" not in summary.stopped
    assert rows(tmp_path) == []


def test_a_quota_of_the_moment_is_waited_for(
    google: Google, street_view: StreetView, fake_time: FakeTime, tmp_path: Path
) -> None:
    busy = [True, True]
    google.metadata = lambda asked, document: (
        {"status": "OVER_QUERY_LIMIT"} if busy and busy.pop() else document
    )
    assert run(street_view, tmp_path).is_complete
    assert fake_time.now > 3


def test_what_was_collected_before_the_quota_ended_is_kept_and_a_new_run_goes_on(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    run(street_view, tmp_path / "at once")
    asked_at_once = [asked.target for asked in service.asked]
    service.asked.clear()

    images = []

    def image(asked: Asked) -> Reply:
        images.append(asked)
        return Reply(status=403) if len(images) == 4 else good(asked)

    good, google.image = google.image, image
    first = run(street_view, tmp_path / "in parts")
    assert first.stopped is not None
    assert "answers 403" in first.stopped
    assert len(rows(tmp_path / "in parts")) == 3
    second = run(street_view, tmp_path / "in parts")
    assert second.is_complete
    assert rows(tmp_path / "in parts") == rows(tmp_path / "at once")
    # Only the point whose picture was refused is asked about a second time.
    assert sorted({asked.target for asked in service.asked}) == sorted(asked_at_once)
    assert len(service.asked) == len(asked_at_once) + 2
    assert second.spent_usd == pytest.approx(9 * 0.007)


def test_a_third_run_asks_nothing(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    run(street_view, tmp_path)
    service.asked.clear()
    assert run(street_view, tmp_path).is_complete
    assert service.asked == []


def test_a_kill_between_picture_and_ledger_loses_nothing(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    run(street_view, whole)
    lines = (whole / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    killed = tmp_path / "killed"
    killed.mkdir()
    # The last line is cut in half, as a kill leaves it; the pictures are gone but the ledger will not know.
    (killed / "ledger.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:10])
    run(street_view, killed)
    assert rows(killed) == rows(whole)


def test_the_cost_limit_holds_over_all_runs(
    google: Google, service: FakeService, street_view: StreetView, tmp_path: Path
) -> None:
    wanted = replace(FEW, max_cost_usd=0.022)
    summary = run(street_view, tmp_path, wanted)
    assert summary.stopped == "The limit of 0.02 USD is reached."
    assert sum(summary.photos.values()) == 3
    assert run(street_view, tmp_path, wanted).stopped == "The limit of 0.02 USD is reached."
    assert len([asked for asked in service.asked if asked.path == IMAGE]) == 3
    assert run(street_view, tmp_path, replace(FEW, max_cost_usd=1.0)).is_complete


def test_repeated_attempts_at_a_picture_are_booked_too(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    good, faults = google.image, [Reply(status=500), Reply(status=503)]
    google.image = lambda asked: faults.pop() if faults else good(asked)
    assert run(street_view, tmp_path).spent_usd == pytest.approx(10 * 0.007)


def test_the_request_limit_stops_the_run(
    google: Google, service: FakeService, fake_time: FakeTime, tmp_path: Path
) -> None:
    client = WebClient(max_requests=7, clock=fake_time.clock, sleep=fake_time.sleep)
    summary = run(StreetView(client, "K", base_url=service.url), tmp_path)
    assert summary.stopped == "The limit of 7 requests is reached."
    assert len(service.asked) == 7
    assert len(rows(tmp_path)) == 3


def test_every_request_is_signed_where_a_secret_is_given(
    google: Google, service: FakeService, client: WebClient, tmp_path: Path
) -> None:
    secret = base64.urlsafe_b64encode(b"sixteen byte key").decode()
    run(StreetView(client, "K", secret, base_url=service.url), tmp_path)
    for asked in service.asked:
        unsigned, signature = asked.target.split("&signature=")
        expected = hmac.new(b"sixteen byte key", unsigned.encode(), "sha1").digest()
        assert base64.urlsafe_b64decode(signature.replace("%3D", "=")) == expected
        assert urlsplit(unsigned).path in (METADATA, IMAGE)


def test_a_signature_is_the_one_of_googles_documentation() -> None:
    # The example of "Digitally sign your request": its key is printed there and opens nothing.
    request = "/maps/api/geocode/json?address=New+York&client=clientID"
    assert sign(request, "vNIXE0xscrmjlyV-12Nj_BvUPaw=") == "chaRF2hTJKOScPr-RQCEhZbSzIE="


@pytest.mark.parametrize("secret", ["not base64!", "", "abc"])
def test_a_secret_that_cannot_sign_is_refused_at_once(client: WebClient, secret: str) -> None:
    with pytest.raises(CollectError, match="GOOGLE_MAPS_SIGNING_SECRET"):
        StreetView(client, "K", secret)


def test_hostile_identifiers_do_not_become_paths(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    google.metadata = lambda asked, document: {
        **document, "pano_id": "../../" + document["pano_id"], "copyright": '© Google"\n<b>,'
    }  # fmt: skip
    folder = tmp_path / "in" / "here"
    run(street_view, folder)
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"here"}
    assert {path.name for path in folder.iterdir()} == {"CO", "WY", "photos.csv", "ledger.jsonl"}
    assert all(row["author"] == '© Google"\n<b>,' for row in rows(folder))


def test_an_unknown_region_is_named(street_view: StreetView, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="no region XX; regions are named like CO"):
        run(street_view, tmp_path, Wanted(1, ("CO", "XX")))


def test_the_ledger_tells_the_whole_story(google: Google, street_view: StreetView, tmp_path: Path) -> None:
    run(street_view, tmp_path)
    events = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert events[0] == {"event": "begin", "service": "streetview", "seed": 0, "min_distance_km": 1.0}
    kinds = [event["event"] for event in events[1:]]
    assert kinds == ["charge", "photo"] * 8


def test_a_decompression_bomb_is_refused(google: Google, street_view: StreetView, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(buffer, "JPEG", quality=1)
    bomb = buffer.getvalue()
    good, replies = google.image, [Reply(bomb, content_type="image/jpeg")]
    google.image = lambda asked: replies.pop() if replies else good(asked)
    assert run(street_view, tmp_path).refused == {"broken picture": 1}


def test_what_was_collected_can_be_prepared_for_training(
    google: Google, street_view: StreetView, tmp_path: Path
) -> None:
    run(street_view, tmp_path / "collected")
    config = load_config(None, ["prepare.cut_bottom_px=30"])
    made = prepare(tmp_path / "collected" / "photos.csv", tmp_path / "data", config)
    assert made.refused == ()
    assert len(made.samples) == 8
    rows_by_file = {row["file"]: row for row in rows(tmp_path / "collected")}
    data = ShardData(tmp_path / "data")
    for sample in data.samples:
        row = rows_by_file[sample.key]
        assert load_regions()[sample.region].postal == row["region"]
        assert sample.lat_deg == pytest.approx(float(row["lat"]))
        assert sample.group == row["photographer"]
        assert data.image(sample).size == (400, 380)
