"""The user's gallery: located photos that the program learned, found again by what they show.

It lives in the user's one SQLite file (tables ``gallery_…``) and never leaves the machine. Embeddings are kept in half
precision; all that were made by the same model are held in memory as one matrix while the gallery is open.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geotagger.core.errors import GeotaggerError, UserFolderError
from geotagger.core.geo import LatLon
from geotagger.core.paths import data_dir

DATABASE_NAME = "geotagger.sqlite3"
_TOP = 3
_WAIT_S = 10.0
_QUERIES_AT_ONCE = 16
_HEAD = 32
_ROUNDING = 1e-3
"""More than half precision can change a similarity."""
_COMPARED_AT_ONCE = 16_384

_SCHEMA = """
CREATE TABLE IF NOT EXISTS gallery_photos (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    model TEXT NOT NULL,
    digest TEXT NOT NULL,
    lat_deg REAL NOT NULL,
    lon_deg REAL NOT NULL,
    taken TEXT,
    embedding BLOB NOT NULL,
    UNIQUE (path, model)
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS gallery_photos_by_digest ON gallery_photos (digest)"


class GalleryError(GeotaggerError):
    """The gallery cannot be read or changed."""


@dataclass(frozen=True, slots=True, eq=False)
class GalleryEntry:
    """One located photo to learn.

    Attributes:
        embedding: (dimensions,) unit length, as the network gives it.
        digest: hash of what was read of the file, to notice that it changed.
        taken: the camera's clock.
    """

    path: Path
    place: LatLon
    embedding: npt.NDArray[np.float32]
    digest: str
    taken: datetime | None = None


@dataclass(frozen=True, slots=True)
class GalleryMatch:
    """A learned photo that looks like another one.

    Attributes:
        similarity: cosine of the angle between the embeddings.
    """

    name: str
    place: LatLon
    similarity: float


class Gallery:
    """The gallery in one database file.

    Args:
        file: the database; the user's own where None.

    Raises:
        GalleryError: the database cannot be opened.
    """

    def __init__(self, file: Path | None = None) -> None:
        try:
            self._file = file if file is not None else data_dir() / DATABASE_NAME
        except UserFolderError as error:
            raise GalleryError(error.sentence) from error
        self._matrices: dict[str, _Matrix] = {}
        with _or_gallery_error():
            self._database = sqlite3.connect(self._file, timeout=_WAIT_S, check_same_thread=False)
            with self._database:
                self._database.execute(_SCHEMA)
                self._database.execute(_INDEX)

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def count(self, model_id: str | None = None) -> int:
        """How many photos are learned, with any model or with one."""
        where, values = ("", ()) if model_id is None else (" WHERE model = ?", (model_id,))
        with _or_gallery_error():
            (number,) = self._database.execute(
                f"SELECT count(*) FROM gallery_photos{where}", values
            ).fetchone()
        return int(number)

    def learn(self, entries: Iterable[GalleryEntry], model_id: str) -> int:
        """Add photos; one that is known under the same path is replaced. Returns how many were given.

        Raises:
            GalleryError: the database cannot be changed; then nothing was added.
        """
        rows = [
            (
                _text(entry.path),
                model_id,
                entry.digest,
                entry.place.lat_deg,
                entry.place.lon_deg,
                None if entry.taken is None else entry.taken.isoformat(),
                np.asarray(entry.embedding, np.float16).tobytes(),
            )
            for entry in entries
        ]
        with _or_gallery_error(), self._database:
            self._forget_moved(rows)
            self._database.executemany(
                "INSERT OR REPLACE INTO gallery_photos (path, model, digest, lat_deg, lon_deg, taken, embedding)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        self._matrices.clear()
        return len(rows)

    def _forget_moved(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Take out what is known of the same files under names that are no more: they were moved."""
        for path, model, digest, *_ in (row for row in rows if row[2]):
            known = self._database.execute(
                "SELECT id, path FROM gallery_photos WHERE digest = ? AND model = ? AND path <> ?",
                (digest, model, path),
            ).fetchall()
            gone = [(number,) for number, name in known if not os.path.lexists(name)]
            self._database.executemany("DELETE FROM gallery_photos WHERE id = ?", gone)

    def forget(self, paths: Sequence[Path]) -> int:
        """Remove photos, and all photos below folders; the files need not exist. Returns how many were removed.

        Raises:
            GalleryError: the database cannot be changed; then nothing was removed.
        """
        removed = 0
        with _or_gallery_error(), self._database:
            for path in paths:
                below = _text(path).rstrip(os.sep) + os.sep
                removed += self._database.execute(
                    "DELETE FROM gallery_photos WHERE path = ? OR substr(path, 1, ?) = ?",
                    (_text(path), len(below), below),
                ).rowcount
        self._matrices.clear()
        return removed

    def knows(self, path: Path, digest: str, model_id: str) -> bool:
        """True where the photo is learned and its file has not changed since."""
        with _or_gallery_error():
            row = self._database.execute(
                "SELECT 1 FROM gallery_photos WHERE path = ? AND model = ? AND digest = ?",
                (_text(path), model_id, digest),
            ).fetchone()
        return row is not None

    def matches(
        self, embeddings: npt.NDArray[np.float32], model_id: str, own: Sequence[str], least_similarity: float
    ) -> list[tuple[GalleryMatch, ...]]:
        """The learned photos that look most like each of some photos, best first, at most three.

        Args:
            embeddings: (n, dimensions) unit length.
            own: (n,) paths of the photos themselves; a photo never matches itself.
            least_similarity: what is less alike is left out.
        """
        matrix = self._matrix(model_id)
        if not len(matrix.paths) or matrix.vectors.shape[1] != embeddings.shape[1]:
            return [()] * len(embeddings)
        found: list[tuple[GalleryMatch, ...]] = []
        for first in range(0, len(embeddings), _QUERIES_AT_ONCE):
            queries = np.asarray(embeddings[first : first + _QUERIES_AT_ONCE], np.float32)
            names = [_text(name) for name in own[first : first + _QUERIES_AT_ONCE]]
            for query, bounds, name in zip(queries, matrix.bounds(queries), names, strict=True):
                found.append(matrix.best(query, bounds, name, least_similarity))
        return found

    def _matrix(self, model_id: str) -> _Matrix:
        if model_id not in self._matrices:
            self._matrices[model_id] = self._read_matrix(model_id)
        return self._matrices[model_id]

    def _read_matrix(self, model_id: str) -> _Matrix:
        with _or_gallery_error():
            rows = self._database.execute(
                "SELECT path, lat_deg, lon_deg, embedding FROM gallery_photos WHERE model = ? ORDER BY id",
                (model_id,),
            ).fetchall()
        sizes = Counter(len(row[3]) for row in rows if isinstance(row[3], bytes))
        size = sizes.most_common(1)[0][0] if sizes else 0
        rows = [row for row in rows if _is_whole(row, size)]
        joined = b"".join(row[3] for row in rows)
        vectors = np.frombuffer(joined, np.float16).reshape(len(rows), -1 if rows else 0)
        return _Matrix.of(vectors, [row[0] for row in rows], [LatLon(row[1], row[2]) for row in rows])


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """All embeddings of one model, searched in two steps.

    The first ``_HEAD`` numbers of an embedding (those that tell most) and the length of the rest bound its similarity to
    another one from above (Cauchy and Schwarz). Only what may reach the threshold is compared in full, so nothing is missed.

    Attributes:
        vectors: (n, dimensions) half precision.
        heads: (_HEAD, n) the first numbers of each.
        rests: (n,) lengths of the other numbers.
    """

    vectors: npt.NDArray[np.float16]
    heads: npt.NDArray[np.float32]
    rests: npt.NDArray[np.float32]
    paths: list[str]
    places: list[LatLon]

    @classmethod
    def of(cls, vectors: npt.NDArray[np.float16], paths: list[str], places: list[LatLon]) -> _Matrix:
        """Prepare the search."""
        heads = np.ascontiguousarray(vectors[:, :_HEAD].astype(np.float32).T)
        return cls(vectors, heads, _lengths(vectors[:, _HEAD:]), paths, places)

    def bounds(self, queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(queries, n) what the similarities are at most."""
        bounds = queries[:, :_HEAD] @ self.heads
        bounds += np.outer(_lengths(queries[:, _HEAD:]), self.rests)
        return np.asarray(bounds, np.float32)

    def best(
        self,
        query: npt.NDArray[np.float32],
        bounds: npt.NDArray[np.float32],
        own: str,
        least_similarity: float,
    ) -> tuple[GalleryMatch, ...]:
        likely = np.flatnonzero(bounds >= least_similarity - _ROUNDING)
        parts = [likely[i : i + _COMPARED_AT_ONCE] for i in range(0, len(likely), _COMPARED_AT_ONCE)]
        exact = [self.vectors[part].astype(np.float32) @ query for part in parts]
        similarities = np.concatenate(exact) if exact else np.zeros(0, np.float32)
        kept = similarities >= least_similarity
        candidates, similarities = likely[kept], similarities[kept]
        if len(candidates) > 4 * _TOP:
            top = np.argpartition(similarities, -4 * _TOP)[-4 * _TOP :]
            candidates, similarities = candidates[top], similarities[top]
        order = np.argsort(-similarities, kind="stable").tolist()
        found = [(int(candidates[i]), float(similarities[i])) for i in order]
        others = [(i, similarity) for i, similarity in found if self.paths[i] != own][:_TOP]
        return tuple(GalleryMatch(self.paths[i], self.places[i], similarity) for i, similarity in others)


def _text(path: Path | str) -> str:
    """A path as text that any database can hold; names that are no text are written with backslashes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_whole(row: tuple[Any, ...], size: int) -> bool:
    """False for a row that another program, or a damaged disk, has changed."""
    path, lat_deg, lon_deg, embedding = row
    is_place = all(isinstance(one, float) for one in (lat_deg, lon_deg)) and (
        abs(lat_deg) <= 90 and abs(lon_deg) <= 180
    )
    is_vector = isinstance(embedding, bytes) and len(embedding) == size and not size % 2
    return isinstance(path, str) and is_place and is_vector


def _lengths(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    wide = vectors.astype(np.float32)
    return np.asarray(np.sqrt(np.einsum("nd,nd->n", wide, wide)), np.float32)


@contextmanager
def _or_gallery_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise GalleryError("The gallery of your photos cannot be used ({problem}).", problem=error) from error
