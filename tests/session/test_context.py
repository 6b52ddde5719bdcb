from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from geotagger.core.fix import Fix, Source
from geotagger.core.geo import LatLon
from geotagger.core.prediction import ImageOutput
from geotagger.evidence.fusion import KINDS
from geotagger.evidence.gallery import Gallery, GalleryEntry
from geotagger.evidence.hints import Hint, parse_hint
from geotagger.evidence.tracks import load_tracks
from geotagger.inference import load_bundle
from geotagger.metadata.model import FileIdentity, PhotoMetadata, PlaceNames
from geotagger.session.context import (
    ContextItem,
    camera_clocks,
    clock_on_track,
    clock_uses,
    clocks_set_right,
    predict_in_context,
    rolls_of,
)
from geotagger.session.photo import source_of

BANFF = LatLon(51.18, -115.57)
NOON = datetime(2019, 7, 1, 12)


@pytest.fixture(scope="module")
def bundle():
    return load_bundle()


def metadata(path: str, taken: datetime | None = NOON, fix: Fix | None = None, camera: str | None = None):
    identity = FileIdentity(1, 1, 1, "0")
    return PhotoMetadata(Path(path), "JPEG", 10, 10, 1, taken, camera, fix, None, False, identity)


def item(
    bundle, path: str, minutes: float = 0, fix: Fix | None = None, seed: int = 0, place=None
) -> ContextItem:
    cells = np.random.default_rng(seed).random(len(bundle.grid)).astype(np.float32)
    embedding = np.zeros(8, np.float32)
    embedding[seed % 8] = 1
    output = ImageOutput(np.zeros(63, np.float32), cells / cells.sum(), embedding)
    return ContextItem(metadata(path, NOON + timedelta(minutes=minutes), fix), output, place)


def predict(bundle, items, **options):
    return list(predict_in_context(items, bundle.grid, bundle.calibration, "m", "cpu", **options))


def gpx(path: Path, rows: list[tuple[str, LatLon]]) -> Path:
    points = "".join(
        f'<trkpt lat="{p.lat_deg}" lon="{p.lon_deg}"><time>{time}</time></trkpt>' for time, p in rows
    )
    path.write_text(
        f'<?xml version="1.0"?><gpx version="1.1" creator="t"><trk><trkseg>{points}</trkseg></trk></gpx>'
    )
    return path


def test_a_position_in_a_file_places_its_neighbours(bundle):
    items = [item(bundle, "/a/1.jpg", fix=Fix(BANFF, Source.CAMERA)), item(bundle, "/a/2.jpg", 9, seed=1)]
    prediction = predict(bundle, items)[1]
    assert prediction.position.distance_km(BANFF) < 1
    assert source_of(prediction) is Source.NEIGHBOUR
    assert prediction.evidence[1].reason == "9 min after 1, which has GPS"


def test_estimates_in_files_are_no_evidence(bundle):
    items = [item(bundle, "/a/1.jpg", fix=Fix(BANFF, Source.MODEL)), item(bundle, "/a/2.jpg", 9, seed=1)]
    assert all("GPS" not in (e.reason or "") for e in predict(bundle, items)[1].evidence)


def test_a_correction_by_the_user_flows_to_the_rest_of_the_trip(bundle):
    before = [item(bundle, "/a/1.jpg"), item(bundle, "/a/2.jpg", 9, seed=1)]
    after = [item(bundle, "/a/1.jpg", place=BANFF), before[1]]
    assert predict(bundle, before)[1].position.distance_km(BANFF) > 100
    assert predict(bundle, after)[1].position.distance_km(BANFF) < 1


def test_a_track_in_utc_places_a_photo_with_a_local_clock(bundle, tmp_path):
    """Noon in Banff in July is 18:00 UTC."""
    east = LatLon(51.18, -115.50)
    track = load_tracks(
        [gpx(tmp_path / "t.gpx", [("2019-07-01T17:50:00Z", BANFF), ("2019-07-01T18:10:00Z", east)])]
    )
    items = [item(bundle, "/a/1.jpg")]
    reading = clock_on_track(items, track, [items[0].metadata.taken])
    assert reading.offset == timedelta(hours=-6)
    (prediction,) = predict(bundle, items, track=track)
    assert prediction.position.distance_km(LatLon(51.18, -115.535)) < 0.01
    assert prediction.radius_km < 3
    assert source_of(prediction) is Source.TRACK
    assert prediction.best.code == "CA-AB"
    (other,) = predict(bundle, items, track=track, clock_offset=timedelta(hours=-9))
    assert all(e.kind != "track" for e in other.evidence)
    (without,) = predict(bundle, items, track=track, kinds=frozenset())
    assert [e.kind for e in without.evidence] == ["image"]


def test_a_clock_is_laid_on_the_track_after_the_camera_was_set_right(bundle, tmp_path):
    """Located photos of a camera that is three hours ahead; set right, they lie on the track at UTC−6."""
    places = [LatLon(51.18, -115.57 + 0.1 * i) for i in range(4)]
    rows = [(f"2019-07-01T18:{20 * i:02}:00Z", place) for i, place in enumerate(places[:3])]
    track = load_tracks([gpx(tmp_path / "t.gpx", rows)])
    items = [
        ContextItem(
            metadata(f"/a/{i}.jpg", NOON + timedelta(hours=3, minutes=20 * i), camera="Camera"), None, at
        )
        for i, at in enumerate(places[:3])
    ]
    times = clocks_set_right(items, {}, {("", "Camera"): timedelta(hours=3)})
    assert times == [NOON + timedelta(minutes=20 * i) for i in range(3)]
    assert clock_on_track(items, track, times).offset == timedelta(hours=-6)
    ahead = item(bundle, "/a/x.jpg")
    ahead = replace(
        ahead, metadata=metadata("/a/x.jpg", NOON + timedelta(hours=3, minutes=10), camera="Camera")
    )
    offsets = {("", "Camera"): timedelta(hours=3)}
    found = predict(bundle, [*items, ahead], track=track, camera_offsets=offsets)[-1]
    assert found.position.distance_km(LatLon(51.18, -115.52)) < 0.1


def test_the_gallery_finds_the_same_place_again(bundle, tmp_path):
    items = [item(bundle, "/a/1.jpg")]
    with Gallery(tmp_path / "g.sqlite3") as gallery:
        gallery.learn([GalleryEntry(Path("/old/lake.jpg"), BANFF, items[0].output.embedding, "")], "m")
        (prediction,) = predict(bundle, items, gallery=gallery)
        assert prediction.position == BANFF
        match = next(e for e in prediction.evidence if e.kind == "gallery")
        assert match.photo == "/old/lake.jpg"
        assert match.reason == "looks like lake of your gallery"
        (without,) = predict(bundle, items, gallery=gallery, kinds=frozenset({"time-neighbour"}))
        assert without.position != BANFF


def test_folders_of_one_camera_in_sequence_are_one_roll():
    day = timedelta(days=1)
    photos = [
        metadata("/archive/01/a.jpg", NOON, camera="Canon X"),
        metadata("/archive/02/b.jpg", NOON + day, camera="Canon X"),
        metadata("/archive/03/c.jpg", NOON + 2 * day, camera="Nikon Y"),
    ]
    first, second, third = rolls_of(photos)
    assert first == second != third


def test_folders_of_different_people_stay_apart():
    """The same model of phone, at the same time: two travellers. No camera named: nothing is known."""
    pair = [
        metadata(f"/p/{who}/{i}.jpg", NOON + timedelta(hours=i), camera="Phone")
        for who in "ab"
        for i in (0, 1)
    ]
    assert len(set(rolls_of(pair))) == 2
    nameless = [metadata("/p/a/1.jpg"), metadata("/p/b/1.jpg", NOON + timedelta(days=1))]
    assert len(set(rolls_of(nameless))) == 2


def test_nothing_gives_nothing(bundle):
    assert predict(bundle, []) == []


def test_a_hint_moves_the_answer_and_is_listed(bundle):
    hint = parse_hint("Banff, July 2019")
    plain = item(bundle, "/a/1.jpg")
    (prediction,) = predict(bundle, [replace(plain, hints=(hint,))])
    assert prediction.best.code == "CA-AB"
    assert prediction.position.distance_km(BANFF) < 150
    assert [(e.kind, e.reason) for e in prediction.evidence] == [
        ("image", None),
        ("hint", "you said “Banff, July 2019”"),
    ]
    (without,) = predict(bundle, [replace(plain, hints=(hint,))], kinds=frozenset())
    assert [e.kind for e in without.evidence] == ["image"]


def test_what_a_file_names_as_its_place_moves_the_answer_and_is_listed(bundle):
    plain = item(bundle, "/a/1.jpg")
    named = replace(plain, metadata=replace(plain.metadata, place_names=PlaceNames("Banff", "AB", None)))
    (prediction,) = predict(bundle, [named])
    assert prediction.best.code == "CA-AB"
    assert prediction.position.distance_km(BANFF) < 150
    assert [(e.kind, e.reason) for e in prediction.evidence] == [
        ("image", None),
        ("place-names", "the file names “Banff, AB”"),
    ]
    (without,) = predict(bundle, [named], kinds=KINDS - {"place-names"})
    assert [e.kind for e in without.evidence] == ["image"]


@pytest.mark.parametrize(
    ("hours", "month", "right", "wrong"),
    [
        (-10, 7, {"US-HI"}, {"US-CA"}),
        (-6, 7, {"CA-AB", "US-CO", "CA-SK"}, {"US-CA", "US-NY"}),
        (-7, 7, {"US-CA", "US-AZ"}, {"US-CO"}),  # Arizona keeps its time in summer
        (-7, 1, {"US-CO", "US-AZ", "CA-AB"}, {"US-CA"}),
        (-2.5, 7, {"CA-NL"}, {"CA-NB"}),
    ],
)
def test_the_time_zone_of_a_camera_makes_places_there_more_probable(bundle, hours, month, right, wrong):
    plain = item(bundle, "/a/1.jpg")
    zone = timezone(timedelta(hours=hours))
    noted = replace(plain, metadata=replace(plain.metadata, taken=datetime(2019, month, 1, 12, tzinfo=zone)))
    (before,), (after,) = predict(bundle, [plain]), predict(bundle, [noted])
    told = {one.code: one.probability for one in before.regions}
    gain = {one.code: one.probability / told[one.code] for one in after.regions}
    assert min(gain[code] for code in right) > 2
    assert max(gain[code] for code in wrong) < 0.5
    assert [e.kind for e in after.evidence] == ["image", "time-zone"]
    assert after.evidence[1].reason.startswith("the clock is set to UTC−")
    (without,) = predict(bundle, [noted], kinds=KINDS - {"time-zone"})
    assert [e.kind for e in without.evidence] == ["image"]
    assert without.position == before.position


# Paris in winter and summer, Tokyo, Fiji, Rio de Janeiro; the time of Paris is also that of the town nearest to Ellesmere Island.
@pytest.mark.parametrize(("hours", "month"), [(None, 7), (0, 7), (1, 1), (2, 7), (9, 7), (12, 1), (-3, 1)])
def test_a_time_zone_of_nowhere_in_north_america_says_nothing(bundle, hours, month):
    zone = None if hours is None else timezone(timedelta(hours=hours))
    plain = item(bundle, "/a/1.jpg")
    noted = replace(plain, metadata=replace(plain.metadata, taken=datetime(2019, month, 1, 12, tzinfo=zone)))
    (before,), (after,) = predict(bundle, [plain]), predict(bundle, [noted])
    assert after == before


def test_a_time_zone_that_was_left_at_home_is_overruled_by_located_photos(bundle):
    zone = timezone(timedelta(hours=-4))
    taken = datetime(2019, 7, 1, 12, tzinfo=zone)
    located = item(bundle, "/a/1.jpg", fix=Fix(BANFF, Source.CAMERA))
    photo = item(bundle, "/a/2.jpg")
    items = [
        replace(one, metadata=replace(one.metadata, taken=taken + timedelta(minutes=9 * number)))
        for number, one in enumerate((located, photo))
    ]
    _, prediction = predict(bundle, items)
    assert prediction.best.code == "CA-AB"
    assert prediction.position.distance_km(BANFF) < 30
    said = {e.kind: (e.weight, e.reason) for e in prediction.evidence}
    assert said["time-zone"] == (0.0, "the clock is set to UTC−04:00, but the rest speaks against it")


def test_villages_that_no_list_knows_are_looked_for_on_the_map_once(bundle, monkeypatch):
    asked = []
    likelihood = Hint.likelihood
    monkeypatch.setattr(Hint, "likelihood", lambda self, grid: asked.append(self) or likelihood(self, grid))
    plain = item(bundle, "/a/1.jpg")
    named = [
        replace(plain, metadata=replace(plain.metadata, place_names=PlaceNames(f"Xyz{n}", "AB", "Canada")))
        for n in range(5)
    ]
    predictions = predict(bundle, named)
    assert len(asked) == 1
    assert len({one.evidence[1].reason for one in predictions}) > 1


def test_only_located_photos_of_a_folder_make_a_guess_one_from_neighbours(bundle):
    def judged(fix):
        items = [item(bundle, f"/a/{n}.jpg", seed=n) for n in range(6)]
        items = [replace(one, metadata=replace(one.metadata, taken=None)) for one in items]
        items[0] = replace(items[0], metadata=replace(items[0].metadata, fix=fix))
        return predict(bundle, items)[1]

    assert source_of(judged(None)) is Source.MODEL
    assert source_of(judged(Fix(BANFF, Source.CAMERA))) is Source.NEIGHBOUR


def test_a_hint_about_another_month_is_not_heard(bundle):
    hint = parse_hint("Banff, August 2018")
    (prediction,) = predict(bundle, [replace(item(bundle, "/a/1.jpg"), hints=(hint,))])
    assert [e.kind for e in prediction.evidence] == ["image"]


def test_the_clock_of_a_second_camera_is_set_right_as_the_user_says(bundle):
    """The phone was in Banff at noon and far away in the evening; the camera, six hours ahead, shows noon as evening."""
    away = LatLon(46.0, -100.0)
    phone = [item(bundle, "/a/1.jpg", fix=Fix(BANFF, Source.CAMERA))]
    phone += [item(bundle, "/a/2.jpg", 360, fix=Fix(away, Source.CAMERA), seed=1)]
    camera = item(bundle, "/a/3.jpg", 365, seed=2)
    items = [
        *(replace(p, metadata=replace(p.metadata, camera="Phone")) for p in phone),
        replace(camera, metadata=replace(camera.metadata, camera="Camera")),
    ]
    assert predict(bundle, items)[2].position.distance_km(away) < 1, "one photo is no reason to move a clock"
    ((clock,),) = camera_clocks(items, bundle.grid).values()
    assert (clock.camera, clock.reference, clock.is_sure) == ("Camera", "Phone", False)
    moved = predict(bundle, items, camera_offsets={("/a", "Camera"): timedelta(hours=6)})[2]
    assert moved.position.distance_km(BANFF) < 1


def test_one_camera_in_two_folders_can_be_wrong_in_one_of_them(bundle):
    """What the user says of a camera in one folder leaves the other folder alone; said of no folder, it is for both."""
    folders = ("/june", "/july")
    items = []
    for number, folder in enumerate(folders):
        phone = item(bundle, f"{folder}/1.jpg", 1440 * 30 * number, fix=Fix(BANFF, Source.CAMERA))
        camera = item(bundle, f"{folder}/2.jpg", 1440 * 30 * number + 60, seed=2)
        items.append(replace(phone, metadata=replace(phone.metadata, camera="Phone")))
        items.append(replace(camera, metadata=replace(camera.metadata, camera="Camera")))
    found = camera_clocks(items, bundle.grid)
    assert sorted(found) == sorted(folders)
    hour, nothing = timedelta(hours=1), timedelta(0)
    for given, expected in (
        ({("/june", "Camera"): hour}, [hour, nothing]),
        ({("", "Camera"): hour}, [hour, hour]),
        ({("", "Camera"): hour, ("/july", "Camera"): nothing}, [hour, nothing]),
    ):
        times = clocks_set_right(items, found, given)
        assert [i.metadata.taken - time for i, time in zip(items, times, strict=True)][1::2] == expected
        uses = clock_uses(items, found, given)
        assert [use and (use.roll, use.ahead) for use in uses] == [
            None,
            (folders[0], expected[0]),
            None,
            (folders[1], expected[1]),
        ]


def test_a_camera_that_is_six_hours_ahead_is_set_right_by_itself(bundle):
    """A phone with GPS and a camera without, on one journey of four days; what both saw looks alike."""
    rng = np.random.default_rng(5)
    prior = bundle.grid.area_km2 / bundle.grid.area_km2.sum()
    items, truths, here = [], [], np.array([47.0, -112.0])
    for day in range(4):
        here = here + rng.normal(0, 0.8, 2)
        for hour in np.sort(rng.uniform(8, 20, 7)):
            here = here + rng.normal(0, 0.15, 2)
            scene, place = rng.normal(size=32), LatLon(float(here[0]), float(here[1]))
            for camera, ahead_h in (("Phone", 0), ("Camera", 6)):
                if rng.random() < 0.3:
                    continue
                minutes = 1440 * day + 60 * (float(hour) + ahead_h) + float(rng.uniform(0, 4))
                seen = scene + 0.8 * rng.normal(size=32)
                output = ImageOutput(
                    np.zeros(63, np.float32),
                    prior.astype(np.float32),
                    (seen / np.linalg.norm(seen)).astype(np.float32),
                )
                fix = Fix(place, Source.CAMERA) if camera == "Phone" else None
                taken = NOON.replace(hour=0) + timedelta(minutes=minutes)
                facts = metadata(f"/a/{camera}{len(items)}.jpg", taken, fix, camera)
                items.append(ContextItem(facts, output))
                truths.append(place)
    ((clock,),) = camera_clocks(items, bundle.grid).values()
    assert (clock.camera, clock.is_sure) == ("Camera", True)
    assert abs(clock.offset - timedelta(hours=6)) <= timedelta(minutes=10)

    def median_error_km(**options):
        predictions = predict(bundle, items, **options)
        pairs = zip(items, predictions, truths, strict=True)
        return np.median([p.position.distance_km(t) for i, p, t in pairs if i.metadata.fix is None])

    assert median_error_km() < 3
    assert median_error_km(camera_offsets={("", "Camera"): timedelta(0)}) > 10
