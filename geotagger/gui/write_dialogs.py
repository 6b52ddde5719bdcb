"""The summary before writing and the report after it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from geotagger.core.fix import Source
from geotagger.gui.language import said, tr, trn
from geotagger.gui.names import breakable, shown, shown_name
from geotagger.gui.wording import some_names
from geotagger.gui.wordy_dialog import WordyDialog
from geotagger.metadata import WriteTarget
from geotagger.session.write_report import WriteReport, WriteSummary

_NOTES_SHOWN = 5


class _Sheet(WordyDialog):
    """A heading, numbers with words, notes, and buttons at the bottom right."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(24, 24, 24, 16)
        self._layout.setSpacing(12)
        heading = QLabel(title)
        heading.setProperty("role", "title")
        heading.setWordWrap(True)
        self._layout.addWidget(heading)

    def add_text(self, text: str, role: str = "") -> None:
        label = QLabel(breakable(text))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        if role:
            label.setProperty("role", role)
        self._layout.addWidget(label)

    def add_numbers(self, rows: list[tuple[int, str]]) -> None:
        card = QFrame()
        card.setObjectName("card")
        grid = QGridLayout(card)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for number, (count, words) in enumerate(rows):
            value = QLabel(f"{count:,}".replace(",", " "))
            value.setProperty("role", "strong")
            text = QLabel(words)
            text.setWordWrap(True)
            grid.addWidget(value, number, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, number, 1)
        self._layout.addWidget(card)

    def add_buttons(self, *buttons: QPushButton) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        self._layout.addStretch(1)
        self._layout.addSpacing(4)
        self._layout.addLayout(row)


class SummaryDialog(_Sheet):
    """What writing would do; nothing happens before the user agrees."""

    agreed = Signal(object)

    def __init__(self, summary: WriteSummary, backup_dir: str, parent: QWidget | None = None) -> None:
        count = len(summary.to_do)
        question = trn("Write {n} position?", "Write {n} positions?", count)
        super().__init__(question if count else tr("Nothing can be written"), parent)
        self._summary = summary
        numbers = {source: summary.count_from(source) for source in Source}
        agreed, unseen = numbers[Source.MODEL_CONFIRMED], numbers[Source.MODEL]
        neighbours, track, by_hand = (
            numbers[Source.NEIGHBOUR],
            numbers[Source.TRACK],
            numbers[Source.MANUAL],
        )
        rows = [
            (agreed, trn("guess that you agreed with", "guesses that you agreed with", agreed)),
            (
                unseen,
                trn(
                    "guess accepted with many at once, marked in the file as not looked at",
                    "guesses accepted many at once, marked in the file as not looked at",
                    unseen,
                ),
            ),
            (
                neighbours,
                trn("estimate from neighbouring photos", "estimates from neighbouring photos", neighbours),
            ),
            (track, trn("position from a track", "positions from a track", track)),
            (by_hand, trn("photo placed by you", "photos placed by you", by_hand)),
        ]
        self.add_numbers([row for row in rows if row[0]] or [(0, tr("positions to write"))])
        inside, beside = summary.count(WriteTarget.FILE), summary.count(WriteTarget.SIDECAR)
        kept, refused = summary.count(WriteTarget.KEPT), summary.count(None)
        ways = [
            (
                inside,
                trn(
                    "goes into the photo itself; its pixels stay untouched",
                    "go into the photo itself; its pixels stay untouched",
                    inside,
                ),
            ),
            (
                beside,
                trn(
                    "goes into an XMP sidecar beside the photo",
                    "go into an XMP sidecar beside the photo",
                    beside,
                ),
            ),
            (
                kept,
                trn(
                    "is left alone, because the photo has a position",
                    "are left alone, because the photo has a position",
                    kept,
                ),
            ),
            (refused, trn("is refused", "are refused", refused)),
        ]
        self.add_numbers([row for row in ways if row[0]])
        for note, names in summary.notes()[:_NOTES_SHOWN]:
            self.add_text(_of(some_names([shown(name) for name in names]), note), "muted")
        if summary.estimates:
            self.add_text(
                tr(
                    "Guesses are marked as estimates in the file, with their radius, and can be removed later."
                ),
                "muted",
            )
        if backup_dir:
            self.add_text(
                tr("A copy of each original is kept in {folder}.").format(folder=backup_dir), "muted"
            )
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.write_button = QPushButton(trn("Write {n} position", "Write {n} positions", count))
        self.write_button.setProperty("role", "primary")
        self.write_button.setDefault(True)
        self.write_button.setEnabled(count > 0)
        self.write_button.clicked.connect(self._agree)
        self.add_buttons(cancel, self.write_button)

    def _agree(self) -> None:
        self.agreed.emit(self._summary)
        self.accept()


class ReportDialog(_Sheet):
    """What a run did, with the way back."""

    undo_wanted = Signal(int)

    def __init__(self, report: WriteReport, parent: QWidget | None = None) -> None:
        super().__init__(_report_title(report), parent)
        inside, beside = report.counts[WriteTarget.FILE], report.counts[WriteTarget.SIDECAR]
        kept, failed = report.counts[WriteTarget.KEPT], len(report.failures)
        done = trn("photo was written and checked", "photos were written and checked", inside)
        not_done = trn("photo could not be written", "photos could not be written", failed)
        if report.undone:
            done = trn("photo is as it was", "photos are as they were", inside)
            not_done = trn("photo could not be put back", "photos could not be put back", failed)
        rows = [
            (inside, done),
            (beside, trn("sidecar was written and checked", "sidecars were written and checked", beside)),
            (
                kept,
                trn(
                    "photo was left alone, because it has a position",
                    "photos were left alone, because they have a position",
                    kept,
                ),
            ),
            (failed, not_done),
        ]
        shown = [row for row in rows if row[0]]
        self.add_numbers(shown or [(0, tr("photos changed"))])
        for path, reason in report.failures[:_NOTES_SHOWN]:
            self.add_text(_of(shown_name(path), reason), "error")
        if len(report.failures) > _NOTES_SHOWN:
            more = len(report.failures) - _NOTES_SHOWN
            self.add_text(trn("{n} more stands in its row.", "{n} more stand in their rows.", more), "muted")
        for note, _count in report.notes.most_common(_NOTES_SHOWN):
            self.add_text(said(note), "muted")
        close = QPushButton(tr("Close"))
        close.setProperty("role", "primary")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons = [close]
        if not report.undone and report.written and report.run_id is not None:
            run_id = report.run_id
            self.undo_button = QPushButton(tr("Undo this run"))
            self.undo_button.clicked.connect(lambda: self._undo(run_id))
            buttons.insert(0, self.undo_button)
        self.add_buttons(*buttons)

    def _undo(self, run_id: int) -> None:
        self.accept()
        self.undo_wanted.emit(run_id)


def _report_title(report: WriteReport) -> str:
    if report.undone:
        return tr("The run was taken back")
    if report.cancelled:
        return tr("Writing was stopped")
    if report.failures:
        return tr("Written, with problems")
    return tr("Written")


def _of(name: str, reason: str) -> str:
    return tr("{name}: {reason}").format(name=name, reason=said(reason))
