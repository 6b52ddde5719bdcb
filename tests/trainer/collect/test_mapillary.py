"""Mapillary against a server that answers as its API v4 does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from geotagger.core.geo import LatLon
from geotagger.core.regions import load_regions
from tests.trainer.collect.fake_service import Asked, FakeService, FakeTime, Reply, jpeg, json_reply, rows
from trainer.collect.mapillary import Mapillary
from trainer.collect.run import Summary, Wanted, collect
from trainer.collect.web import WebClient

FEW = Wanted(photos_per_region=3, postals=("CO", "QC"), tries_per_region=40)


class FakeMapillary:
    """Three flat pictures and a panorama in every box; tests change the entries."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.entries: Callable[[list[dict]], list] = lambda entries: entries
        self.search: Callable[[Asked], Reply | None] = lambda asked: None
        self.image: Callable[[Asked], Reply] = lambda asked: Reply(
            jpeg(len(asked.target), (1024, 768)), content_type="image/jpeg"
        )

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != "/images":
            return self.image(asked)
        if (special := self.search(asked)) is not None:
            return special
        west, south, east, north = (float(value) for value in asked.query["bbox"].split(","))
        entries = []
        for number in range(4):
            identifier = f"{abs(int(west * 1e6))}{abs(int(south * 1e6))}{number}"
            lon, lat = west + (east - west) * (0.3 + 0.1 * number), (south + north) / 2
            entries.append(
                {
                    "id": identifier,
                    "thumb_1024_url": f"{self.url}/thumb/{identifier}?sig=1",
                    "computed_geometry": {"type": "Point", "coordinates": [lon, lat]},
                    "geometry": {"type": "Point", "coordinates": [0.0, 0.0]},
                    "captured_at": 1507560881000,
                    "creator": {"username": f"user{number}", "id": f"10{number}"},
                    "is_pano": number == 3,
                }
            )
        return json_reply({"data": self.entries(entries)})


@pytest.fixture
def world(service: FakeService) -> FakeMapillary:
    world = FakeMapillary(service.url)
    service.answer = world
    return world


@pytest.fixture
def mapillary(service: FakeService, client: WebClient) -> Mapillary:
    return Mapillary(client, "MLY|1|secret", base_url=service.url)


def run(mapillary: Mapillary, folder: Path, wanted: Wanted = FEW) -> Summary:
    return collect(mapillary, wanted, load_regions(), folder)


def test_photos_come_with_their_authors_and_licence(
    world: FakeMapillary, service: FakeService, mapillary: Mapillary, tmp_path: Path
) -> None:
    summary = run(mapillary, tmp_path)
    assert summary.photos == {"CO": 3, "QC": 3}
    assert summary.spent_usd == 0
    regions = load_regions()
    for row in rows(tmp_path):
        position = LatLon(float(row["lat"]), float(row["lon"]))
        assert regions[regions.region_at(position)].postal == row["region"]
        assert row["label"] == "mapillary"
        assert row["licence"] == "CC BY-SA 4.0"
        assert row["captured"] == "2017-10-09T14:54:41Z"
        assert row["photographer"].startswith("mapillary-10")
        assert row["attribution"].startswith(
            f"{row['author']} on Mapillary, CC BY-SA 4.0, https://www.mapillary.com/"
        )
        assert row["original_size"] == "1024x768"
    searches = [asked for asked in service.asked if asked.path == "/images"]
    assert all(asked.headers["Authorization"] == "OAuth MLY|1|secret" for asked in searches)
    assert all("access_token" not in asked.query and asked.query["is_pano"] == "false" for asked in searches)
    for asked in searches:
        west, south, east, north = (float(value) for value in asked.query["bbox"].split(","))
        assert (east - west) * (north - south) < 0.01


def test_the_token_does_not_travel_to_the_picture_server(
    world: FakeMapillary, service: FakeService, mapillary: Mapillary, tmp_path: Path
) -> None:
    run(mapillary, tmp_path)
    thumbs = [asked for asked in service.asked if asked.path.startswith("/thumb/")]
    assert len(thumbs) == 6
    assert not any("Authorization" in asked.headers or "secret" in asked.target for asked in thumbs)


def test_panoramas_are_refused(world: FakeMapillary, mapillary: Mapillary, tmp_path: Path) -> None:
    world.entries = lambda entries: [entry for entry in entries if entry["is_pano"]]
    summary = run(mapillary, tmp_path, Wanted(1, ("CO",), tries_per_region=5))
    assert summary.refused == {"panorama": 5}


def test_empty_boxes_are_passed_over(world: FakeMapillary, mapillary: Mapillary, tmp_path: Path) -> None:
    world.entries = lambda entries: []
    summary = run(mapillary, tmp_path, Wanted(1, ("CO",), tries_per_region=5))
    assert summary.refused == {"no imagery": 5}
    assert summary.short == ("CO",)


@pytest.mark.parametrize("missing", ["id", "thumb_1024_url", "captured_at", "creator", "computed_geometry"])
def test_pictures_that_lack_something_are_passed_over_for_others(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path, missing: str
) -> None:
    def entries(normal: list[dict]) -> list:
        for entry in normal[:2]:
            del entry[missing]
        return [None, "x", {}, *normal]

    world.entries = entries
    run(mapillary, tmp_path, Wanted(2, ("CO",), tries_per_region=10))
    assert {row["author"] for row in rows(tmp_path)} == {"user2"}


def test_a_young_picture_has_the_position_of_its_device(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path
) -> None:
    def entries(normal: list[dict]) -> list[dict]:
        for entry in normal:
            entry["geometry"] = entry["computed_geometry"]
            entry["computed_geometry"] = None
        return normal

    world.entries = entries
    assert run(mapillary, tmp_path).is_complete


def test_a_wrong_token_stops_with_one_sentence(
    world: FakeMapillary, service: FakeService, mapillary: Mapillary, tmp_path: Path
) -> None:
    fault = {"error": {"message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190}}
    world.search = lambda asked: json_reply(fault, 400)
    summary = run(mapillary, tmp_path)
    assert summary.stopped == "Mapillary refuses the access token; please check MAPILLARY_TOKEN."
    assert len(service.asked) == 1


def test_asking_too_often_is_waited_for(
    world: FakeMapillary, mapillary: Mapillary, fake_time: FakeTime, tmp_path: Path
) -> None:
    fault = {"error": {"message": "(#4) Application request limit reached", "code": 4}}
    faults = [json_reply(fault, 403), json_reply(fault, 400)]
    world.search = lambda asked: faults.pop() if faults else None
    assert run(mapillary, tmp_path).is_complete
    assert fake_time.now > 3


def test_asking_too_often_for_long_stops(world: FakeMapillary, mapillary: Mapillary, tmp_path: Path) -> None:
    fault = {"error": {"message": "(#4) Application request limit reached", "code": 4}}
    world.search = lambda asked: json_reply(fault, 403)
    stopped = run(mapillary, tmp_path).stopped
    assert stopped == (
        "Mapillary says that this token asks too often. It did so 5 times; please go on later."
    )


def test_a_crowded_place_is_searched_in_a_smaller_box(
    world: FakeMapillary, service: FakeService, mapillary: Mapillary, tmp_path: Path
) -> None:
    fault = {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}

    def search(asked: Asked) -> Reply | None:
        west, _, east, _ = (float(value) for value in asked.query["bbox"].split(","))
        return json_reply(fault, 500) if east - west > 0.05 else None

    world.search = search
    assert run(mapillary, tmp_path).is_complete
    assert len(service.asked) == 6 * 3


def test_a_place_too_crowded_for_any_box_is_passed_over(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path
) -> None:
    fault = {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}
    world.search = lambda asked: json_reply(fault, 500)
    summary = run(mapillary, tmp_path, Wanted(1, ("CO",), tries_per_region=4))
    assert summary.refused == {"bad answer": 4}


def test_an_expired_address_is_passed_over(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path
) -> None:
    good, faults = world.image, [Reply(b"URL signature expired", 403, "text/plain")]
    world.image = lambda asked: faults.pop() if faults else good(asked)
    summary = run(mapillary, tmp_path)
    assert summary.refused == {"picture gone": 1}
    assert summary.photos == {"CO": 3, "QC": 3}


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "//x",
        "data:image/jpeg,x",
        "",
        "https://[bad/x",
        "http://a b/",
        "http://127.0.0.1:port/é",
    ],
)
def test_only_web_addresses_of_pictures_are_followed(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path, address: str
) -> None:
    world.entries = lambda entries: [{**entry, "thumb_1024_url": address} for entry in entries]
    summary = run(mapillary, tmp_path, Wanted(1, ("CO",), tries_per_region=3))
    assert summary.refused == {"broken picture": 3}
    assert rows(tmp_path) == []


def test_an_answer_without_a_list_is_refused(
    world: FakeMapillary, mapillary: Mapillary, tmp_path: Path
) -> None:
    world.search = lambda asked: json_reply({"data": None})
    summary = run(mapillary, tmp_path, Wanted(100, ("CO",)))
    assert summary.stopped == (
        "20 answers in a row could not be used; the last: Mapillary's answer holds no list of pictures."
    )


def test_a_moved_service_is_a_sentence(world: FakeMapillary, mapillary: Mapillary, tmp_path: Path) -> None:
    world.search = lambda asked: Reply(status=404)
    stopped = run(mapillary, tmp_path).stopped
    assert stopped is not None
    assert stopped.endswith("The service may have moved.")
