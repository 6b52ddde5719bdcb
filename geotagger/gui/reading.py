"""Brings dropped files and folders into the session: finds photos and reads what they hold, in the background."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from geotagger.core.errors import PhotoError
from geotagger.core.os_reason import os_reason
from geotagger.core.sentence import Sentence
from geotagger.gui.jobs import Token
from geotagger.gui.language import said, tr, trn
from geotagger.gui.workbench import Workbench
from geotagger.metadata import DAMAGED_SIDECAR, PhotoMetadata, read_photo
from geotagger.session.photo import PhotoState
from geotagger.session.progress import Progress
from geotagger.session.scan import ScanItem, scan

_FOUND_AT_ONCE = 250
"""Rows that come in by one insert: a few milliseconds of the window's time."""
_READ_AT_ONCE = 16
_READERS = 1
"""Jobs of reading at a time: it is Python's work, so more threads would not be faster and only starve the window's."""


class Reading(QObject):
    """Scans and reads; results go into the workbench."""

    progressed = Signal()
    unlocated_found = Signal(list)
    """Ids of photos that were read and hold no position."""
    given_up = Signal(list)
    """Paths of photos that were closed before they were read."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._token = Token()
        self._scans = 0
        self._here_already = 0
        self._unread: deque[int] = deque()
        self._readers = 0
        self._passed_over: list[ScanItem] = []
        """By the last scans, until their photos are read."""
        self._damaged: list[ScanItem] = []
        self._unreadable: list[ScanItem] = []
        self.progress = Progress()
        workbench.photos_put_back.connect(self._go_on_with)

    @property
    def scanning(self) -> bool:
        """True while folders are being searched."""
        return self._scans > 0

    def open(self, paths: Sequence[Path]) -> None:
        """Bring in files and folders; folders are searched to the bottom."""
        self._renew_token()
        token = self._token
        found = scan(list(paths), lambda: token.cancelled)
        self._scans += 1
        self._scan_on(found, [], token)
        self.progressed.emit()

    def cancel(self) -> None:
        """Stop looking for and reading photos; those that were not read yet are closed again."""
        self._token.cancel()
        self._unread.clear()
        self._passed_over.clear()
        self._damaged.clear()
        self._unreadable.clear()
        self._scans = self._here_already = 0
        self.progress.give_up()
        unread = [p for p in self._workbench.session if p.metadata is None and p.error is None]
        self._workbench.close_photos([photo.id for photo in unread])
        self.given_up.emit([photo.path for photo in unread])
        self.progressed.emit()

    def _go_on_with(self, photo_ids: Sequence[int]) -> None:
        """Read and ask about photos that were taken out of the list before that was done, and came back."""
        photos = self._workbench.session.photos(photo_ids)
        unread = [photo.id for photo in photos if photo.state is PhotoState.READING]
        if unread:
            self._renew_token()
            self._read(unread, self._token)
        unlocated = [photo.id for photo in photos if photo.state is PhotoState.UNLOCATED]
        if unlocated:
            self.unlocated_found.emit(unlocated)

    def _renew_token(self) -> None:
        if self._token.cancelled:
            self._token = Token()
            self._readers = 0

    def _scan_on(self, found: Iterator[ScanItem], skipped: list[ScanItem], token: Token) -> None:
        self._workbench.jobs.run(
            partial(_take, found),
            partial(self._scanned, found, skipped, token),
            partial(self._scan_failed, skipped),
            token,
        )

    def _scanned(
        self,
        found: Iterator[ScanItem],
        skipped: list[ScanItem],
        token: Token,
        taken: tuple[list[Path], list[ScanItem], bool],
    ) -> None:
        paths, passed_over, at_end = taken
        skipped += passed_over
        new_ids = self._workbench.session.add(paths)
        self._here_already += len(paths) - len(new_ids)
        if new_ids:
            self._workbench.photos_added.emit(new_ids)
            self._read(new_ids, token)
        if at_end:
            self._scan_ended(skipped)
        else:
            self._scan_on(found, skipped, token)

    def _scan_failed(self, skipped: list[ScanItem], error: Exception) -> None:
        self._scan_ended(skipped)
        if not isinstance(error, OSError):
            raise error
        words = tr("A folder could not be searched: {problem}.")
        self._workbench.noticed.emit(words.format(problem=said(os_reason(error))), "")

    def _scan_ended(self, skipped: list[ScanItem]) -> None:
        self._scans -= 1
        self.progressed.emit()
        if self._here_already and not self._scans:
            count, self._here_already = self._here_already, 0
            words = trn("{n} photo was in the list already.", "{n} photos were in the list already.", count)
            self._workbench.mentioned.emit(words, "")
        self._note(skipped)
        self._passed_over += skipped
        self._note_damaged()

    def _note_damaged(self) -> None:
        """When all is read: what is damaged, with what was told before, as only the newest notice is shown."""
        if self._scans or self._readers:
            return
        if self._damaged or self._unreadable:
            named = {item.path for item in self._damaged}
            others = [item for item in self._passed_over if item.path not in named]
            self._note([*others, *self._damaged], self._unreadable)
        self._passed_over, self._damaged, self._unreadable = [], [], []

    def _note(self, skipped: Sequence[ScanItem], unreadable: Sequence[ScanItem] = ()) -> None:
        sentences = []
        if unreadable:
            words = trn("{n} photo could not be read.", "{n} photos could not be read.", len(unreadable))
            sentences.append(words)
        if skipped:
            words = trn("{n} file was passed over", "{n} files were passed over", len(skipped))
            sentences.append(tr("{name}: {reason}").format(name=words, reason=_reasons(skipped)))
        if sentences:
            self._workbench.noticed.emit(" ".join(sentences), _listing([*unreadable, *skipped]))

    def _read(self, photo_ids: Sequence[int], token: Token) -> None:
        self.progress.expect(len(photo_ids))
        self._unread.extend(photo_ids)
        while self._readers < _READERS and self._unread:
            self._readers += 1
            self._read_on(token)
        self.progressed.emit()

    def _read_on(self, token: Token) -> None:
        """Have the next photos read; with the last ones, this reader is done."""
        count = min(_READ_AT_ONCE, len(self._unread))
        if not count:
            self._readers -= 1
            return
        asked = [self._unread.popleft() for _ in range(count)]
        photos = self._workbench.session.photos(asked)
        self.progress.advance(count - len(photos))  # closed meanwhile
        work = partial(_read_all, [(photo.id, photo.path) for photo in photos])
        self._workbench.jobs.run(work, partial(self._read_done, token), self._read_failed, token)

    def _read_done(self, token: Token, results: list[tuple[int, PhotoMetadata | Sentence]]) -> None:
        self._read_on(token)
        session = self._workbench.session
        changed, unlocated = [], []
        for photo_id, result in results:
            if isinstance(result, Sentence):
                known = session.update(photo_id, error=result)
                if known:
                    self._unreadable.append(ScanItem(session[photo_id].path, result))
            else:
                known = session.update(photo_id, metadata=result, error=None)
                self._damaged += [ScanItem(file, DAMAGED_SIDECAR) for file in result.damaged_sidecars]
                if known and result.fix is None:
                    unlocated.append(photo_id)
            if known:
                changed.append(photo_id)
        self._workbench.note_changed(changed)
        self.progress.advance(len(results))
        self.progressed.emit()
        if unlocated:
            self.unlocated_found.emit(unlocated)
        self._note_damaged()

    def _read_failed(self, error: Exception) -> None:
        self._readers -= 1
        self._unread.clear()
        self.progress.give_up()
        self.progressed.emit()
        raise error


def _take(found: Iterator[ScanItem]) -> tuple[list[Path], list[ScanItem], bool]:
    """The next photos with links resolved, what was passed over among them, and whether that was all."""
    items = list(islice(found, _FOUND_AT_ONCE))
    photos = [Path(os.path.realpath(item.path)) for item in items if item.skipped is None]
    return photos, [item for item in items if item.skipped is not None], len(items) < _FOUND_AT_ONCE


def _read_all(photos: Sequence[tuple[int, Path]]) -> list[tuple[int, PhotoMetadata | Sentence]]:
    """What each photo holds, or the sentence that says why it cannot be read."""
    results: list[tuple[int, PhotoMetadata | Sentence]] = []
    for photo_id, path in photos:
        try:
            results.append((photo_id, read_photo(path)))
        except PhotoError as error:
            results.append((photo_id, error.reason))
    return results


def _reasons(skipped: Sequence[ScanItem]) -> str:
    """The reasons with their counts, the commonest first."""
    counts = Counter(item.skipped for item in skipped if item.skipped is not None)
    return " ".join(
        said(reason) if count == len(skipped) else f"{said(reason).rstrip('.')} ({count})."
        for reason, count in counts.most_common(2)
    )


def _listing(skipped: Sequence[ScanItem]) -> str:
    return "\n".join(f"{item.path}: {said(item.skipped or '')}" for item in skipped)
