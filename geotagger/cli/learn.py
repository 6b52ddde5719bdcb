"""``geotagger learn``: adds located photos to the user's gallery."""

from __future__ import annotations

import typer

from geotagger.cli.output import find_photos, finish, say, with_progress
from geotagger.cli.predict import DeviceOption, Paths, load_predictor
from geotagger.core.errors import GeotaggerError


def command(paths: Paths, device: DeviceOption = None) -> None:
    """Learn located photos, so that the same places are found again. Nothing leaves this computer."""
    photos, failed = find_photos(paths)
    for path, sentence in failed:
        say(f"{path}: {sentence}")
    failures, learned, left_out = len(failed), 0, 0
    from geotagger.evidence.gallery import Gallery
    from geotagger.session.learning import learn_photos

    try:
        if photos:
            with Gallery() as gallery:
                outcomes = learn_photos(photos, load_predictor(device), gallery)
                for outcome in with_progress(outcomes, len(photos), "Learning"):
                    learned += outcome.learned
                    if outcome.error is not None:
                        failures += 1
                        say(f"{outcome.path}: {outcome.error}")
                    elif not outcome.learned:
                        left_out += 1
    except GeotaggerError as error:
        say(str(error))
        raise typer.Exit(2) from error
    say(
        f"The gallery knows {learned} of these photos; {left_out} without a position of their own were left out."
    )
    finish(failures)
