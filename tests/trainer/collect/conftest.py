"""A web service on this computer and a clock that does not wait, for every test of the collectors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.trainer.collect.fake_service import FakeService, FakeTime
from trainer.collect.web import WebClient


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    monkeypatch.setenv("no_proxy", "*")
    fake = FakeService()
    yield fake
    fake.close()


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(fake_time: FakeTime) -> WebClient:
    return WebClient(clock=fake_time.clock, sleep=fake_time.sleep, requests_per_second=1000.0, timeout_s=5.0)
