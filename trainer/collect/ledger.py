"""The ledger of a collection: an append-only file of everything asked and got, from which a run goes on.

One JSON object per line. The first says what is collected and from which seed; then come ``try`` (a point that was
asked about in vain, and why), ``charge`` (money booked before the request that costs it) and ``photo``.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from geotagger.core.file_lock import try_lock
from trainer.collect.data_list import LocatedPhoto
from trainer.collect.errors import CollectError
from trainer.files import NotWrittenError

LEDGER_NAME = "ledger.jsonl"


class Ledger:
    """What a collection has done so far; every word is on disk before the next request.

    Attributes:
        photos: rows of the data list, in the order they came.
        identifiers: ids of the service's pictures that were taken or found broken.
        tries: points used up, by postal code.
        spent_usd: money booked by all runs together.
    """

    def __init__(self, path: Path, heading: dict[str, Any]) -> None:
        """Open a ledger, or begin one.

        Args:
            heading: what must stay the same over all runs, such as the seed.

        Raises:
            CollectError: the ledger is damaged, belongs to another collection, or another run is at it.
        """
        self.photos: list[LocatedPhoto] = []
        self.identifiers: set[str] = set()
        self.tries: Counter[str] = Counter()
        self.spent_usd = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        try:
            if not try_lock(self._file.fileno()):
                raise CollectError(
                    f"Another run is collecting into {path.parent}; please wait until it is done."
                )
            self._begin(path, heading)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, path: Path, heading: dict[str, Any]) -> None:
        old = _whole_lines(path)
        for number, line in enumerate(old, start=1):
            try:
                self._take(json.loads(line), heading, number)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise CollectError(
                    f"Line {number} of {path} is damaged; please mend or remove it."
                ) from error
        if not old:
            self._append({"event": "begin", **heading})

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def note_try(self, region: str, result: str, identifier: str | None = None) -> None:
        """A point of a region led to nothing: why, in a word, and which picture it was, if any."""
        self._append_and_take({"event": "try", "region": region, "result": result, "id": identifier})

    def charge(self, usd: float) -> None:
        """Book money before the request that costs it, so that no kill can hide it."""
        self._append_and_take({"event": "charge", "usd": usd})

    def note_photo(self, photo: LocatedPhoto, identifier: str) -> None:
        """A point led to a photo, which is on disk. One line, so that no kill can part the two."""
        self._append_and_take({"event": "photo", "id": identifier, **asdict(photo)})

    def _append_and_take(self, event: dict[str, Any]) -> None:
        self._append(event)
        self._take(event, {}, 0)

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=False).encode("utf-8") + b"\n"
        try:
            while line:  # half a line, all that a full disk takes, is cut off by the next run
                line = line[self._file.write(line) :]
        except OSError as error:
            raise NotWrittenError(Path(self._file.name), error) from error

    def _take(self, event: dict[str, Any], heading: dict[str, Any], number: int) -> None:
        kind = event.pop("event")
        if number == 1:
            _compare_headings(event if kind == "begin" else {}, heading)
        elif kind == "try":
            self.tries[event["region"]] += 1
            if event["id"] is not None:
                self.identifiers.add(event["id"])
        elif kind == "charge":
            self.spent_usd += float(event["usd"])
        elif kind == "photo":
            self.identifiers.add(event.pop("id"))
            self.photos.append(LocatedPhoto(**event))
            self.tries[self.photos[-1].region] += 1
        else:
            raise ValueError(kind)


def _compare_headings(old: dict[str, Any], new: dict[str, Any]) -> None:
    for name, value in new.items():
        if old.get(name) != value:
            raise CollectError(
                f"This folder holds a collection with {name} = {old.get(name)!r}, not {value!r}; "
                "please choose another folder, or go on with the same settings."
            )


def _whole_lines(path: Path) -> list[str]:
    """The complete lines of a ledger; half a line at its end, left by a kill, is cut off."""
    if not path.exists():
        return []
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        with path.open("r+b") as file:
            file.truncate(end)
    return content[:end].decode("utf-8", "replace").split("\n")[:-1]
