"""What will be written into a photo: a part of the panel that can be folded away."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from geotagger.core.errors import PhotoError
from geotagger.core.settings import write_policy
from geotagger.gui.appearance import Appearance
from geotagger.gui.before_after import BeforeAfter
from geotagger.gui.icons import icon
from geotagger.gui.jobs import Generation
from geotagger.gui.language import said, tr
from geotagger.gui.names import breakable, shown_name
from geotagger.gui.workbench import Workbench
from geotagger.metadata import WritePlan, WriteTarget, plan_write
from geotagger.session.photo import Photo


class WhatIsWritten(QWidget):
    """A button that folds, and the tags that would change, worked out in the background since that reads the file."""

    def __init__(self, workbench: Workbench, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._appearance = appearance
        self._photo: Photo | None = None
        self._plans = Generation()
        self._toggle = QToolButton()
        self._toggle.setText(tr("What will be written"))
        self._toggle.setObjectName("fold")
        self._toggle.setCheckable(True)
        self._toggle.setChecked(True)
        self._toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._toggle.toggled.connect(self._refresh)
        self._changes = BeforeAfter()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._toggle)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._changes)
        appearance.changed.connect(self._dress)
        self._dress()

    def show_photo(self, photo: Photo) -> None:
        """Show what writing would change in a photo as it stands now."""
        self._photo = photo
        self._refresh()

    def _refresh(self, *_: object) -> None:
        photo = self._photo
        self._changes.setVisible(self._toggle.isChecked())
        if photo is None or not self._toggle.isChecked():
            return
        if photo.edited is None or photo.metadata is None or not photo.is_pending:
            self._plans.next()
            self._changes.show_changes((), _nothing_to_write(photo))
            return
        policy = write_policy(self._workbench.settings)
        work = partial(plan_write, photo.metadata, photo.edited, policy)
        self._workbench.jobs.run(work, self._planned, self._refused, self._plans.next())

    def _planned(self, plan: WritePlan) -> None:
        sidecar = breakable(shown_name(plan.written_to)) if plan.written_to else ""
        words = {
            WriteTarget.FILE: tr("Into the photo"),
            WriteTarget.SIDECAR: tr("Into the sidecar {name}").format(name=sidecar),
            WriteTarget.KEPT: tr("Nothing"),
        }[plan.target]
        self._changes.show_changes(plan.changes, f"{words}. {said(plan.reason)}" if plan.reason else words)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, PhotoError):
            raise error
        self._changes.show_changes((), said(error.reason))

    def _dress(self) -> None:
        self._toggle.setIcon(icon("expand", self._appearance.palette))


def _nothing_to_write(photo: Photo) -> str:
    if photo.edited is not None:
        return tr("All is written.")
    if photo.skipped:
        return tr("Nothing; the guess was rejected.")
    if photo.prediction is not None:
        return tr("Nothing; accept the guess or place the photo.")
    if photo.on_disk is not None:
        return tr("Nothing; the position stands in the file already.")
    return tr("Nothing; the photo has no position yet.")
