"""What the user chose in the settings, the toolbar or with a key: used at once, and kept for the next start."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from geotagger.core.errors import GeotaggerError
from geotagger.core.settings import Settings, Theme, save_settings
from geotagger.gui.appearance import Appearance
from geotagger.gui.language import said, tr
from geotagger.gui.predicting import Predicting
from geotagger.gui.toolbar import Toolbar
from geotagger.gui.workbench import Workbench


class Preferences(QObject):
    """Brings each change of the settings to where it counts.

    Args:
        are_kept: False where the settings could not be read at the start: what is in their file is not overwritten.
    """

    def __init__(
        self,
        workbench: Workbench,
        appearance: Appearance,
        toolbar: Toolbar,
        predicting: Predicting,
        *,
        are_kept: bool,
    ) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._appearance = appearance
        self._toolbar = toolbar
        self._predicting = predicting
        self._are_kept = are_kept
        toolbar.threshold_changed.connect(self._use_threshold)

    def apply(self, settings: Settings) -> None:
        """Use settings from now on and keep them, or say why they are not kept."""
        old = self._workbench.settings
        if settings == old:
            return
        self._workbench.change_settings(settings)
        self._appearance.set_theme(settings.theme)
        self._toolbar.set_threshold(settings.accept_threshold)
        if settings.device is not old.device:
            self._predicting.use_device_of_settings()
        if not self._are_kept:
            words = tr(
                "The settings could not be read at the start, so this change lasts until the program ends."
            )
            self._workbench.noticed.emit(words, "")
            return
        try:
            save_settings(settings)
        except GeotaggerError as error:
            self._workbench.noticed.emit(said(error), "")

    def switch_appearance(self) -> None:
        """Light instead of dark, or dark instead of light."""
        theme = Theme.LIGHT if self._appearance.palette.dark else Theme.DARK
        self.apply(replace(self._workbench.settings, theme=theme))

    def _use_threshold(self, threshold: float) -> None:
        self.apply(replace(self._workbench.settings, accept_threshold=threshold))
