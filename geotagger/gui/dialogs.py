"""Opens the window's dialogs. Each is opened, never executed: nothing waits for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from geotagger.core.coordinates import format_position
from geotagger.core.places import load_places
from geotagger.gui.challenge_dialog import ChallengeDialog
from geotagger.gui.evidence_sheet import EvidenceSheet
from geotagger.gui.history_view import HistoryView
from geotagger.gui.language import tr
from geotagger.gui.place_dialogs import PinDialog, PlacesSheet
from geotagger.gui.settings_dialog import SettingsDialog
from geotagger.gui.sheets import AboutDialog, KeySheet
from geotagger.gui.wording import near_words
from geotagger.gui.write_dialogs import ReportDialog, SummaryDialog
from geotagger.session.challenge import new_challenge
from geotagger.session.write_report import WriteReport, WriteSummary

_PLACE_ZOOM = 9

if TYPE_CHECKING:
    from geotagger.gui.window import MainWindow


class Dialogs(QObject):
    """Summary and report of writing, history, settings, keys, about."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._history: HistoryView | None = None

    def ask_to_write(self, summary: WriteSummary) -> None:
        """Show what writing would do; it begins when the user agrees."""
        dialog = SummaryDialog(summary, self._window.workbench.settings.backup_dir, self._window)
        dialog.agreed.connect(self._window.writing.write)
        dialog.open()

    def report_writing(self, report: WriteReport) -> None:
        """Show what a run did."""
        dialog = ReportDialog(report, self._window)
        dialog.undo_wanted.connect(self._window.writing.undo_run)
        dialog.open()

    def show_history(self) -> None:
        """Show all steps that can be taken back; a click goes there."""
        if self._history is None:
            self._history = HistoryView(self._window.workbench, self._window)
        self._history.show()
        self._history.raise_()

    def pin_place(self) -> None:
        """Ask for a name for the position of the current photo."""
        window = self._window
        photo = window.workbench.current
        position = None if photo is None else photo.shown_position
        if position is None:
            return
        known = window.placing.known.at(position)
        suggested = known.name if known else load_places().nearest(position)[0].name
        where = format_position(position, window.workbench.settings.notation)
        words = " · ".join(part for part in (where, near_words(position)) if part)
        PinDialog(window.placing, position, suggested, words, window).open()

    def show_places(self) -> None:
        """Open the list of known places."""
        window = self._window
        sheet = PlacesSheet(window.placing, window.workbench.settings.notation, window)
        sheet.show_wanted.connect(lambda position: window.map_view.centre_on(position, _PLACE_ZOOM))
        sheet.open()

    def show_evidence(self) -> None:
        """Open the sheet about what speaks for a place."""
        window = self._window
        sheet = EvidenceSheet(window.workbench, window.given, window.judging, window.learning, window)
        sheet.settings_wanted.connect(window.preferences.apply)
        sheet.open()

    def show_settings(self) -> None:
        """Open the settings."""
        dialog = SettingsDialog(self._window.workbench.settings, self._window)
        dialog.applied.connect(self._window.preferences.apply)
        dialog.open()

    def show_keys(self) -> None:
        """Open the sheet of all keys."""
        KeySheet(self._window.actions_.declared, self._window).open()

    def play_challenge(self) -> None:
        """Begin a challenge, if there are located photos and the model is ready."""
        window = self._window
        challenge = new_challenge(window.workbench.session)
        if challenge is None:
            window.notices.show_notice(
                tr("A challenge needs photos that hold a position from their camera; add some first.")
            )
        elif window.predicting.facts is None:
            window.notices.show_notice(tr("The model is still loading; try again in a moment."))
        else:
            ChallengeDialog(challenge, window.predicting, window.jobs, window.appearance, window).open()

    def show_about(self) -> None:
        """Open the sheet about the program."""
        facts = self._window.predicting.facts
        AboutDialog(facts.model_id if facts else "", self._window).open()
