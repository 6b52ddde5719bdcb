"""The photos that the user has open. Operations return what changed; who shows it refreshes only that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from geotagger.session.history import Change, Decision
from geotagger.session.photo import Photo, PhotoState


class Session:
    """All open photos by id, in the order in which they came in. Not thread-safe: one thread owns it."""

    def __init__(self) -> None:
        self._photos: dict[int, Photo] = {}
        # A photo that was closed may come back. It keeps its number, and what happens to its file is noted.
        self._closed: dict[int, Photo] = {}
        self._id_by_path: dict[str, int] = {}
        self._next_id = 1
        self._counts: Counter[PhotoState] = Counter()
        self._pending: set[int] = set()
        self._open_guesses: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[Photo]:
        return iter(self._photos.values())

    def __contains__(self, photo_id: object) -> bool:
        return photo_id in self._photos

    def __getitem__(self, photo_id: int) -> Photo:
        return self._photos[photo_id]

    def get(self, photo_id: int) -> Photo | None:
        """The photo with this id; None if it is not open."""
        return self._photos.get(photo_id)

    @property
    def ids(self) -> list[int]:
        """Ids of all photos in the order in which they came in."""
        return list(self._photos)

    @property
    def counts(self) -> Counter[PhotoState]:
        """How many photos are in each state."""
        return Counter(self._counts)

    @property
    def pending_ids(self) -> list[int]:
        """Ids of the photos that have something to be written, in order of coming in."""
        return sorted(self._pending)

    @property
    def pending_count(self) -> int:
        """How many photos have something to be written."""
        return len(self._pending)

    def acceptable_count(self, min_probability: float) -> int:
        """How many undecided guesses have a best region that is at least that probable."""
        return sum(probability >= min_probability for probability in self._open_guesses.values())

    def acceptable_ids(self, min_probability: float) -> list[int]:
        """Ids of the photos that :meth:`acceptable_count` counts."""
        return [i for i, probability in self._open_guesses.items() if probability >= min_probability]

    def photos(self, photo_ids: Iterable[int]) -> list[Photo]:
        """The photos with these ids; ids that are no longer open are left out."""
        return [self._photos[i] for i in photo_ids if i in self._photos]

    def id_of(self, path: Path, *, also_closed: bool = False) -> int | None:
        """Id of the photo with this real path, if it is open, or else was."""
        photo_id = self._id_by_path.get(str(path))
        return photo_id if also_closed or photo_id in self._photos else None

    def add(self, real_paths: Sequence[Path]) -> list[int]:
        """Open photos that are not open yet.

        Args:
            real_paths: paths with symbolic links resolved, so that one file comes in only once.

        Returns:
            Ids of the photos that were new. One that was closed has the number that it had, and nothing that was
            decided of it.
        """
        new_ids = []
        for path in real_paths:
            photo_id = self._id_by_path.setdefault(str(path), self._next_id)
            if photo_id in self._photos:
                continue
            self._next_id = max(self._next_id, photo_id + 1)
            closed = self._closed.pop(photo_id, None)
            self._open(Photo(photo_id, path, written=None if closed is None else closed.written))
            new_ids.append(photo_id)
        return new_ids

    def _open(self, unread: Photo) -> None:
        self._photos[unread.id] = unread
        self._counts[unread.state] += 1

    def remove(self, photo_ids: Iterable[int]) -> list[int]:
        """Close photos; returns the ids that were open."""
        removed = []
        for photo_id in photo_ids:
            photo = self._photos.pop(photo_id, None)
            if photo is not None:
                self._closed[photo_id] = replace(photo, predicting=False)
                self._counts[photo.state] -= 1
                self._pending.discard(photo_id)
                self._open_guesses.pop(photo_id, None)
                removed.append(photo_id)
        return removed

    def put_back(self, decision: Decision) -> bool:
        """Open a photo that was closed, with what is known of it by now, and decide it as it was decided then.

        Returns:
            False where that file has been opened again meanwhile; it is decided all the same.
        """
        closed = self._closed.pop(decision.photo_id, None)
        if closed is not None:
            # As one that nothing is known of, so that the facts are counted with those of all others.
            self._open(Photo(closed.id, closed.path))
            self.put(closed)
        photo = self._photos[decision.photo_id]
        if Decision.of(photo) != decision:
            self.put(decision.applied_to(photo))
        return closed is not None

    def put(self, photo: Photo) -> bool:
        """Store a new value of an open photo; True if that changed anything."""
        old = self._photos.get(photo.id)
        if old is None or old == photo:
            return False
        self._photos[photo.id] = photo
        old_state, state = old.state, photo.state
        if state is not old_state:
            self._counts[old_state] -= 1
            self._counts[state] += 1
        if photo.is_pending:
            self._pending.add(photo.id)
        else:
            self._pending.discard(photo.id)
        if state is PhotoState.PREDICTED and photo.prediction is not None:
            self._open_guesses[photo.id] = photo.prediction.best.probability
        else:
            self._open_guesses.pop(photo.id, None)
        return True

    def update(self, photo_id: int, **facts: Any) -> bool:
        """Store new facts of a photo, also of a closed one, for when it comes back; True if an open one changed."""
        closed = self._closed.get(photo_id)
        if closed is not None:
            self._closed[photo_id] = replace(closed, **facts)
        old = self._photos.get(photo_id)
        return old is not None and self.put(replace(old, **facts))

    # Thousands of photos are decided one by one, so that whoever asks may do something else in between.

    def decide(
        self, photo_ids: Iterable[int], decide: Callable[[Photo], Photo], change: Change
    ) -> Iterator[int | None]:
        """Decide photos anew, one with each step of the iterator, and note it in ``change``.

        Yields:
            The id of each photo that changed, None for each that stays as it is.
        """
        for photo_id in photo_ids:
            old = self._photos.get(photo_id)
            if old is None or not self.put(new := decide(old)):
                yield None
            else:
                change.add(old, new)
                yield photo_id

    def redo(self, change: Change) -> Iterator[int | None]:
        """Put the decisions after a step in place; one photo with each step of the iterator, as in :meth:`decide`."""
        return self._decide(change.after)

    def undo(self, change: Change) -> Iterator[int | None]:
        """Put the decisions before a step back; one photo with each step of the iterator, as in :meth:`decide`."""
        return self._decide(change.before)

    def _decide(self, decisions: Iterable[Decision]) -> Iterator[int | None]:
        for decision in decisions:
            photo = self._photos.get(decision.photo_id)
            is_new = photo is not None and self.put(decision.applied_to(photo))
            yield decision.photo_id if is_new else None
