"""The polite caller: pace, limits, retries, and sentences without secrets."""

from __future__ import annotations

import re
import socket
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from tests.trainer.collect.fake_service import Asked, FakeService, FakeTime, Reply, json_reply
from trainer.collect.errors import (
    BadAnswerError,
    LimitReachedError,
    NotThereError,
    ServiceError,
    TransientError,
)
from trainer.collect.web import USER_AGENT, Answer, WebClient


def replies(*sequence: Reply):
    left = list(sequence)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def test_an_answer_comes_with_type_and_body_and_the_program_names_itself(
    service: FakeService, client: WebClient
) -> None:
    service.answer = lambda asked: Reply(b"abc", content_type="Image/JPEG; x=y")
    answer = client.get(f"{service.url}/a?key=1", max_bytes=3)
    assert answer == Answer(200, "image/jpeg", b"abc")
    assert service.asked[0].headers["User-Agent"] == USER_AGENT
    assert USER_AGENT.startswith("geotagger-trainer/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again_after_growing_waits(
    service: FakeService, client: WebClient, fake_time: FakeTime, status: int
) -> None:
    service.answer = replies(Reply(status=status), Reply(status=status), json_reply({"fine": 1}))
    assert client.get_json(f"{service.url}/a") == {"fine": 1}
    assert [round(wait) for wait in fake_time.sleeps if wait > 0.1] == [1, 2]
    assert client.requests_made == 3


def test_a_fault_that_stays_ends_in_one_sentence(service: FakeService, client: WebClient) -> None:
    service.answer = lambda asked: Reply(b"<html>busy</html>", 503, "text/html")
    with pytest.raises(ServiceError, match=r"answers 503\. It did so 5 times; please go on later\."):
        client.get(f"{service.url}/a", max_bytes=10)
    assert len(service.asked) == 5


def test_retry_after_in_seconds_is_kept(service: FakeService, client: WebClient, fake_time: FakeTime) -> None:
    service.answer = replies(json_reply({}, 429, Retry_After="17"), json_reply({}))
    client.get_json(f"{service.url}/a")
    assert 17.0 in fake_time.sleeps


def test_retry_after_as_a_date_is_kept(service: FakeService, client: WebClient, fake_time: FakeTime) -> None:
    moment = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    service.answer = replies(json_reply({}, 503, Retry_After=moment), json_reply({}))
    client.get_json(f"{service.url}/a")
    assert 50 < max(fake_time.sleeps) <= 60


def test_a_wait_of_hours_stops_instead(service: FakeService, client: WebClient, fake_time: FakeTime) -> None:
    service.answer = lambda asked: json_reply({}, 429, Retry_After="7200")
    with pytest.raises(ServiceError, match="wait 120 minutes"):
        client.get_json(f"{service.url}/a")
    assert fake_time.now < 10


def test_a_refused_key_is_not_tried_again_and_never_repeated(
    service: FakeService, fake_time: FakeTime
) -> None:
    client = WebClient(secrets=("SECRETKEY",), clock=fake_time.clock, sleep=fake_time.sleep)
    service.answer = lambda asked: json_reply({"error": {"message": "The key SECRETKEY\nis wrong"}}, 403)
    with pytest.raises(ServiceError) as caught:
        client.get(f"{service.url}/a?key=SECRETKEY", max_bytes=10)
    assert "SECRETKEY" not in str(caught.value)
    assert "The key … is wrong" in str(caught.value)
    assert "Is the key right" in str(caught.value)
    assert len(service.asked) == 1


def test_no_error_repeats_the_query(service: FakeService, client: WebClient) -> None:
    for status in (302, 400, 403, 404, 500):
        service.answer = lambda asked, status=status: Reply(status=status, headers={"Location": "/elsewhere"})
        with pytest.raises((ServiceError, BadAnswerError, NotThereError)) as caught:
            client.get(f"{service.url}/a?key=SECRETKEY", max_bytes=10)
        assert "SECRETKEY" not in str(caught.value)


def test_a_missing_thing_is_told_apart(service: FakeService, client: WebClient) -> None:
    service.answer = lambda asked: Reply(status=404)
    with pytest.raises(NotThereError):
        client.get(f"{service.url}/a", max_bytes=10)
    assert len(service.asked) == 1


def test_a_redirection_is_not_followed(service: FakeService, client: WebClient) -> None:
    service.answer = lambda asked: Reply(status=302, headers={"Location": f"{service.url}/other"})
    with pytest.raises(BadAnswerError, match="redirects"):
        client.get(f"{service.url}/a", max_bytes=10, headers={"Authorization": "OAuth t"})
    assert [asked.path for asked in service.asked] == ["/a"]


def test_too_many_bytes_are_dropped(service: FakeService, client: WebClient) -> None:
    service.answer = lambda asked: Reply(b"x" * 5000)
    with pytest.raises(BadAnswerError, match="more than 100 bytes"):
        client.get(f"{service.url}/a", max_bytes=100)


def test_an_answer_that_is_cut_off_is_tried_again(service: FakeService, client: WebClient) -> None:
    service.answer = replies(Reply(b"x" * 10, announced_length=20), Reply(b"whole"))
    assert client.get(f"{service.url}/a", max_bytes=100).body == b"whole"


def test_a_server_that_is_not_there_is_a_sentence(client: WebClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ServiceError, match="cannot be reached"):
        client.get(f"http://127.0.0.1:{port}/a", max_bytes=10)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b"\xff\xfe"])
def test_what_is_not_a_json_object_is_refused(service: FakeService, client: WebClient, body: bytes) -> None:
    service.answer = lambda asked: Reply(body)
    with pytest.raises(BadAnswerError, match="JSON"):
        client.get_json(f"{service.url}/a")


def test_every_attempt_counts_against_the_limit(service: FakeService, fake_time: FakeTime) -> None:
    client = WebClient(max_requests=3, clock=fake_time.clock, sleep=fake_time.sleep)
    service.answer = lambda asked: Reply(status=500)
    with pytest.raises(LimitReachedError, match="limit of 3 requests"):
        client.get(f"{service.url}/a", max_bytes=10)
    assert len(service.asked) == 3


def test_the_pace_is_never_exceeded(service: FakeService, fake_time: FakeTime) -> None:
    client = WebClient(requests_per_second=4.0, clock=fake_time.clock, sleep=fake_time.sleep)
    started: list[float] = []

    def answer(asked: Asked) -> Reply:
        started.append(fake_time.now)
        return json_reply({})

    service.answer = answer
    for _ in range(9):
        client.get_json(f"{service.url}/a")
    assert started == pytest.approx([number / 4 for number in range(9)])


def test_a_good_status_can_still_say_not_now(
    service: FakeService, client: WebClient, fake_time: FakeTime
) -> None:
    service.answer = replies(json_reply({"status": "BUSY"}), json_reply({"status": "OK"}))

    def check(document: dict[str, object]) -> None:
        if document["status"] == "BUSY":
            raise TransientError("Busy.")

    assert client.get_json(f"{service.url}/a", check=check) == {"status": "OK"}
    assert len(service.asked) == 2


def test_long_words_of_a_service_are_cut() -> None:
    assert len(WebClient().redact("word " * 1000)) == 300
    assert not re.search(r"[\r\n]", WebClient().redact("a\r\nb"))


@pytest.mark.parametrize("wait", ["²", "Mon, 01 Jan 2024 00:00:00 +99999999999999999", "soon", "-5"])
def test_a_senseless_retry_after_is_passed_over(
    service: FakeService, client: WebClient, fake_time: FakeTime, wait: str
) -> None:
    service.answer = replies(json_reply({}, 429, Retry_After=wait), json_reply({"fine": 1}))
    assert client.get_json(f"{service.url}/a") == {"fine": 1}
    assert max(fake_time.sleeps) <= 1


def test_json_too_deep_to_read_is_a_bad_answer(service: FakeService, client: WebClient) -> None:
    deep = b"[" * 200_000
    service.answer = lambda asked: Reply(deep, content_type="application/json")
    with pytest.raises(BadAnswerError, match="does not answer in JSON"):
        client.get_json(f"{service.url}/a")
    service.answer = lambda asked: Reply(deep, 400, "application/json")
    with pytest.raises(ServiceError, match="answers 400"):
        client.get_json(f"{service.url}/a")


def test_half_a_character_of_a_service_becomes_a_question_mark(
    service: FakeService, client: WebClient
) -> None:
    """JSON can name half of a surrogate pair, which no file can hold."""
    service.answer = lambda asked: Reply(rb'{"author": "Ann \ud83d", "fine": "\ud83c\udf32"}')
    document = client.get_json(f"{service.url}/a")
    assert document == {"author": "Ann ?", "fine": "\U0001f332"}
