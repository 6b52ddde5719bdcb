"""Asks a web service politely: paced, limited, with retries, and with a sentence for everything that goes wrong.

Nothing but the standard library. Addresses hold keys, so no message ever repeats more than host and path of one.
"""

from __future__ import annotations

import http.client
import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.parse import urlsplit

from geotagger import __version__
from trainer.collect.errors import (
    BadAnswerError,
    CollectError,
    LimitReachedError,
    NotThereError,
    ServiceError,
    TransientError,
)

USER_AGENT = f"geotagger-trainer/{__version__}"

_GONE_STATUSES = frozenset({404, 410})
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 300.0
_FIRST_BACKOFF_S = 1.0
_JSON_MAX_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer of a service.

    Attributes:
        content_type: lower case, without parameters.
    """

    status: int
    content_type: str
    body: bytes


@dataclass
class WebClient:
    """One caller of web services; keeps count and pace over all its requests.

    Attributes:
        max_requests: requests allowed, every attempt counted; None for no limit.
        requests_per_second: the pace that is never exceeded.
        attempts: how often one request is tried before its fault counts as lasting.
        secrets: strings that no message may hold, such as the key.
        read_fault: says what a service's own error object means (of a JSON answer with a bad status); None
            where the status says enough.
        clock, sleep: replaced in tests.
    """

    max_requests: int | None = None
    requests_per_second: float = 5.0
    attempts: int = 5
    timeout_s: float = 30.0
    secrets: tuple[str, ...] = ()
    read_fault: Callable[[dict[str, Any]], CollectError | None] = lambda error: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    requests_made: int = field(default=0, init=False)
    _next_start: float = field(default=-math.inf, init=False)

    def get(
        self,
        url: str,
        *,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        before_attempt: Callable[[], None] = lambda: None,
        check: Callable[[Answer], None] = lambda answer: None,
        gone_statuses: frozenset[int] = _GONE_STATUSES,
    ) -> Answer:
        """Fetch an address, again and again while the fault may pass.

        Args:
            before_attempt: called before each attempt, such as to book its price; may raise to stop.
            check: raises TransientError where an answer with a good status still says "not now".
            gone_statuses: statuses that only mean that this one thing is not there.

        Raises:
            LimitReachedError: ``max_requests`` are made.
            NotThereError: the service answers with one of ``gone_statuses``.
            BadAnswerError: the answer is too large, cut off, or a redirection.
            ServiceError: refused, or still failing after all attempts.
        """
        backoff_s = _FIRST_BACKOFF_S
        for attempt in range(1, self.attempts + 1):
            if self.max_requests is not None and self.requests_made >= self.max_requests:
                raise LimitReachedError(f"The limit of {self.max_requests} requests is reached.")
            before_attempt()
            self._keep_pace()
            self.requests_made += 1
            try:
                answer = self._ask(url, headers or {}, max_bytes, gone_statuses)
                check(answer)
                return answer
            except TransientError as error:
                wait_s = backoff_s if error.wait_s is None else error.wait_s
                if wait_s > _LONGEST_WAIT_S:
                    raise ServiceError(
                        f"{error} It asks to wait {wait_s / 60:.0f} minutes; please go on later."
                    ) from error
                if attempt == self.attempts:
                    raise ServiceError(f"{error} It did so {attempt} times; please go on later.") from error
                self.sleep(wait_s)
                backoff_s *= 2
        raise AssertionError("attempts must be at least 1")

    def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        check: Callable[[dict[str, Any]], None] = lambda document: None,
    ) -> dict[str, Any]:
        """Fetch a JSON object; ``check`` may raise TransientError for one that says "not now".

        Raises:
            BadAnswerError: the answer is not a JSON object. All errors of ``get`` too.
        """
        documents: list[dict[str, Any]] = []

        def parse(answer: Answer) -> None:
            documents.append(_json_object(answer, _place(url)))
            check(documents[-1])

        self.get(url, max_bytes=_JSON_MAX_BYTES, headers=headers, check=parse)
        return documents[-1]

    def redact(self, text: str) -> str:
        """A text of the service without the secrets it may repeat, on one line, at most 300 characters."""
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, "…")
        return " ".join(text.split())[:300]

    def _keep_pace(self) -> None:
        now = self.clock()
        if now < self._next_start:
            self.sleep(self._next_start - now)
        self._next_start = max(now, self._next_start) + 1.0 / self.requests_per_second

    def _ask(
        self, url: str, headers: Mapping[str, str], max_bytes: int, gone_statuses: frozenset[int]
    ) -> Answer:
        try:
            request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT, **headers})
            with _opener.open(request, timeout=self.timeout_s) as response:
                return _read(response, response.status, _place(url), max_bytes)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in gone_statuses:
                    raise NotThereError(f"{_place(url)} does not have what was asked for.") from error
                raise self._fault(error, _place(url)) from error
        except TimeoutError as error:
            raise TransientError(f"{_place(url)} did not answer within {self.timeout_s:g} s.") from error
        except (ValueError, http.client.InvalidURL) as error:
            raise BadAnswerError("An address that the service gave cannot be used.") from error
        except (OSError, http.client.HTTPException) as error:
            # OSError holds all of it: no such host, no connection, no trust in the certificate.
            reason = self.redact(str(getattr(error, "reason", error) or type(error).__name__))
            raise TransientError(f"{_place(url)} cannot be reached ({reason}).") from error

    def _fault(self, error: urllib.error.HTTPError, place: str) -> CollectError:
        if 300 <= error.code < 400:
            return BadAnswerError(f"{place} redirects to another place, which is not followed.")
        try:
            words, details = _error_words(error.read(20_000))
        except (OSError, http.client.HTTPException):
            words, details = "", {}  # the status alone must do
        if (meant := self.read_fault(details)) is not None:
            return meant
        words = self.redact(words)
        said = f"{place} answers {error.code}" + (f": {words}" if words else ".")
        if error.code in _TRANSIENT_STATUSES:
            return TransientError(said, _retry_after_s(error.headers))
        if error.code in (401, 403):
            return ServiceError(f"{said} Is the key right, and is it allowed to use this service?")
        return ServiceError(said)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """None of the services redirects, and a key must not travel to where it was not meant for."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow nothing; the 3xx answer becomes an HTTPError."""
        return


_opener = urllib.request.build_opener(_NoRedirect)


def _read(response: Any, status: int, place: str, max_bytes: int) -> Answer:
    announced = response.headers.get("Content-Length")
    body = bytes(response.read(max_bytes + 1))
    if len(body) > max_bytes:
        raise BadAnswerError(f"{place} sends more than {max_bytes} bytes; the answer was dropped.")
    if announced is not None and announced.isdecimal() and len(body) != int(announced):
        raise TransientError(f"{place} sent {len(body)} of {announced} bytes.")
    return Answer(status, response.headers.get_content_type().lower(), body)


def _place(url: str) -> str:
    """Host and path of an address, without the query, which may hold a key."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}{parts.path}"
    except ValueError:
        return "The service"


def _json_object(answer: Answer, place: str) -> dict[str, Any]:
    try:
        document = json.loads(answer.body)
        # JSON can name half of a surrogate pair, which neither the ledger nor a list can hold.
        document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise BadAnswerError(f"{place} does not answer in JSON.") from error
    if not isinstance(document, dict):
        raise BadAnswerError(f"{place} does not answer with a JSON object.")
    return document


def _error_words(body: bytes) -> tuple[str, dict[str, Any]]:
    """The words of an error answer, and its error object where it is JSON in one of the usual forms."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ("" if "<" in text else text), {}
    if not isinstance(document, dict):
        return "", {}
    error = document.get("error", document.get("error_message", ""))
    return (str(error.get("message", "")), error) if isinstance(error, dict) else (str(error), {})


def _retry_after_s(headers: Message) -> float | None:
    """The wait that a Retry-After header asks for, given in seconds or as a date (RFC 9110, 10.2.3)."""
    value = (headers.get("Retry-After") or "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
