"""The two menus above the list: in which order and groups the photos stand, and which of them are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from geotagger.core.regions import load_regions
from geotagger.gui.language import tr
from geotagger.gui.photo_model import PhotoModel
from geotagger.gui.wording import state_name
from geotagger.gui.workbench import Workbench
from geotagger.session.arrangement import Grouping, SortKey, best_region
from geotagger.session.photo import PhotoState

_FILTERED_STATES = (
    PhotoState.UNLOCATED,
    PhotoState.PREDICTED,
    PhotoState.ACCEPTED,
    PhotoState.CORRECTED,
    PhotoState.SKIPPED,
    PhotoState.WRITTEN,
    PhotoState.LOCATED,
    PhotoState.FAILED,
)


class OrderMenu(QMenu):
    """Sorts the rows of the model; grouping goes through ``group_by``, since the list's layout depends on it."""

    def __init__(self, model: PhotoModel, group_by: Callable[[Grouping], None], parent: QWidget) -> None:
        super().__init__(parent)
        names = {
            SortKey.ADDED: tr("Order of arrival"),
            SortKey.NAME: tr("Name"),
            SortKey.TAKEN: tr("Time taken"),
            SortKey.STATE: tr("State"),
            SortKey.REGION: tr("Best region"),
            SortKey.PROBABILITY: tr("Chance"),
            SortKey.RADIUS: tr("Radius"),
            SortKey.POSITION: tr("Position"),
        }
        self._model = model
        keys = QActionGroup(self)
        self._keys = {
            key: _add_choice(
                self, keys, name, partial(model.set_arrangement, sort_key=key), chosen=key is SortKey.ADDED
            )
            for key, name in names.items()
        }
        self.addSeparator()
        self._downwards = self.addAction(tr("Highest first"))
        self._downwards.setCheckable(True)
        self._downwards.triggered.connect(lambda on: model.set_arrangement(descending=on))
        model.order_changed.connect(self._show_order)  # a click on the table's header sorts, too
        self.addSeparator()
        groupings = QActionGroup(self)
        self._groupings = {
            grouping: _add_choice(
                self, groupings, name, partial(group_by, grouping), chosen=grouping is Grouping.NONE
            )
            for grouping, name in (
                (Grouping.NONE, tr("No groups")),
                (Grouping.FOLDER, tr("Group by folder")),
                (Grouping.DAY, tr("Group by day")),
                (Grouping.TRIP, tr("Group by trip")),
            )
        }

    def _show_order(self) -> None:
        self._keys[self._model.sort_key].setChecked(True)
        self._downwards.setChecked(self._model.descending)

    def show_grouping(self, grouping: Grouping) -> None:
        """Tick what the list is grouped by."""
        self._groupings[grouping].setChecked(True)


class FilterMenu(QMenu):
    """Sets the conditions of the model's filter, all but the text."""

    def __init__(self, workbench: Workbench, model: PhotoModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._model = model
        self.addAction(tr("All photos")).triggered.connect(lambda: self.show_everything())
        self._unlocated_only = self.addAction(tr("Only without position in the file"))
        self._unlocated_only.setCheckable(True)
        self._unlocated_only.toggled.connect(lambda on: model.set_filter(without_position=on))
        self.addSeparator()
        self._states = {state: self._add_state(state) for state in _FILTERED_STATES}
        self.addSeparator()
        chances = self.addMenu(tr("Best region at least"))
        group = QActionGroup(chances)
        for share in (0, 20, 40, 60, 80):
            name = tr("Any chance") if share == 0 else f"{share} %"
            act = partial(model.set_filter, min_probability=share / 100)
            _add_choice(chances, group, name, act, chosen=share == 0)
        self._any_chance = group.actions()[0]
        self._regions = self.addMenu(tr("Best region is"))
        self._regions.aboutToShow.connect(self._fill_regions)

    def show_everything(self) -> None:
        """Take all conditions away but the text, which has its own field."""
        for action in [*self._states.values(), self._unlocated_only]:
            action.setChecked(False)
        self._any_chance.setChecked(True)
        self._model.set_filter(states=frozenset(), without_position=False, region=None, min_probability=0.0)

    def _add_state(self, state: PhotoState) -> QAction:
        name = state_name(state)
        action = self.addAction(name[:1].upper() + name[1:])
        action.setCheckable(True)
        action.toggled.connect(self._filter_states)
        return action

    def _filter_states(self) -> None:
        states = frozenset(state for state, action in self._states.items() if action.isChecked())
        self._model.set_filter(states=states)

    def _fill_regions(self) -> None:
        self._regions.clear()
        codes = {best[0] for best in map(best_region, self._workbench.session) if best is not None}
        named = {code: load_regions().by_code(code).name for code in codes}
        group = QActionGroup(self._regions)
        anywhere = (None, tr("Any region"))
        for code, name in [anywhere, *sorted(named.items(), key=lambda item: tr(item[1]))]:
            act = partial(self._model.set_filter, region=code)
            _add_choice(self._regions, group, tr(name), act, chosen=self._model.filter.region == code)


def _add_choice(
    menu: QMenu, group: QActionGroup, name: str, act: Callable[[], None], *, chosen: bool
) -> QAction:
    action = menu.addAction(name)
    action.setCheckable(True)
    action.setChecked(chosen)
    group.addAction(action)
    action.triggered.connect(lambda: act())
    return action
