"""What the window's middle says of decisions that come to nothing."""

from __future__ import annotations

from pathlib import Path

from geotagger.core.settings import Settings
from geotagger.gui.jobs import Jobs
from geotagger.gui.workbench import Workbench
from geotagger.session.photo import PhotoState
from tests.session.made import metadata, prediction


def test_accepting_where_there_is_no_guess_says_so(jobs: Jobs) -> None:
    workbench, said = Workbench(jobs, Settings()), []
    workbench.mentioned.connect(lambda sentence, _: said.append(sentence))
    ids = workbench.session.add([Path("/photos/a.jpg"), Path("/photos/b.jpg")])
    for photo_id, name in zip(ids, "ab", strict=True):
        workbench.session.update(photo_id, metadata=metadata(Path(f"/photos/{name}.jpg")))
    workbench.accept_selected()
    assert said == []
    workbench.select(ids[:1])
    workbench.accept_selected()
    workbench.select(ids)
    workbench.accept_selected()
    assert said == ["This photo has no guess yet.", "None of these photos has a guess yet."]
    workbench.session.update(ids[0], prediction=prediction())
    workbench.accept_selected()
    assert len(said) == 2
    assert workbench.session[ids[0]].state is PhotoState.ACCEPTED
