"""The user's settings: each declared once with its type, default and sentence; kept in a TOML file."""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from geotagger.core.coordinates import Notation
from geotagger.core.errors import SettingsError, UserFolderError
from geotagger.core.os_reason import os_reason
from geotagger.core.paths import config_dir, replace_text, set_aside
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)


class Theme(str, Enum):
    """Colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Language(str, Enum):
    """What the window speaks."""

    SYSTEM = "system"
    ENGLISH = "en"
    FRENCH = "fr"


class Device(str, Enum):
    """Where the network runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


def _setting(
    default: Any, group: str, sentence: str, low: float | None = None, high: float | None = None
) -> Any:
    return field(default=default, metadata={"group": group, "sentence": sentence, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. A settings page and the documentation are generated from these declarations."""

    theme: Theme = _setting(Theme.SYSTEM, "window", "Light or dark, or like the desktop.")
    language: Language = _setting(
        Language.SYSTEM, "window", "Language of the window; a change shows at the next start."
    )
    notation: Notation = _setting(Notation.DECIMAL, "window", "How positions are shown.")
    device: Device = _setting(
        Device.AUTO, "model", "Where the network runs; automatic takes CUDA, then MPS, then the CPU."
    )
    model_dir: str = _setting(
        "",
        "model",
        "Folder of a model bundle of your own; empty for the one of the program. A change shows at the next start.",
    )
    accept_threshold: float = _setting(
        0.60, "model", "“Accept all” takes guesses whose best region has at least this probability.", 0.0, 1.0
    )
    use_image: bool = _setting(True, "evidence", "What the photo shows has a say in the guess.")
    judge_together: bool = _setting(
        True,
        "evidence",
        "Photos taken close in time tell each other's places; those without a time, the photos of their folder.",
    )
    use_tracks: bool = _setting(True, "evidence", "Recorded tracks that were dropped in tell where you were.")
    use_gallery: bool = _setting(
        True, "evidence", "Photos that the program has learned are found again where they look alike."
    )
    use_place_names: bool = _setting(
        True, "evidence", "City, state and country that a file names make places there more probable."
    )
    use_time_zones: bool = _setting(
        True, "evidence", "The time zone that a camera notes makes places there more probable."
    )
    learn_corrections: bool = _setting(
        False, "evidence", "A photo that you put somewhere by hand is learned at once."
    )
    overwrite: Overwrite = _setting(
        Overwrite.ESTIMATES, "writing", "Which positions that a photo already has may be replaced."
    )
    sidecar: SidecarMode = _setting(
        SidecarMode.AUTO, "writing", "Write into the photo where that is safe, or into an XMP sidecar."
    )
    backup_dir: str = _setting(
        "", "writing", "Folder for a copy of each original before its first change; empty for none."
    )
    tile_url: str = _setting(
        "",
        "map",
        "Address of online map tiles; empty for the offline map. Only this setting uses the network.",
    )

    def __post_init__(self) -> None:
        """Check types and ranges, turning texts into choices.

        Raises:
            SettingsError: a value does not fit its declaration.
        """
        types = get_type_hints(type(self))
        for declared in fields(self):
            value = _coerce(declared.name, getattr(self, declared.name), types[declared.name])
            low, high = declared.metadata["low"], declared.metadata["high"]
            if low is not None and not low <= value <= high:
                raise SettingsError(
                    "The setting {name} must lie between {low:g} and {high:g}.",
                    name=declared.name,
                    low=low,
                    high=high,
                )
            object.__setattr__(self, declared.name, value)


def _coerce(name: str, value: Any, kind: Any) -> Any:
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            choices = ", ".join(choice.value for choice in kind)
            raise SettingsError(
                "The setting {name} must be one of {choices}, not {value!r}.",
                name=name,
                choices=choices,
                value=value,
            ) from error
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise SettingsError(
            "The setting {name} must be of type {kind}, not {value!r}.",
            name=name,
            kind=kind.__name__,
            value=value,
        )
    return value


def write_policy(settings: Settings) -> WritePolicy:
    """The policy for writing that the settings describe."""
    backup_dir = Path(settings.backup_dir) if settings.backup_dir else None
    return WritePolicy(overwrite=settings.overwrite, sidecar=settings.sidecar, backup_dir=backup_dir)


def model_folder(settings: Settings) -> Path | None:
    """The folder of the user's own model bundle; None for the bundle that ships with the program."""
    # Not Path.expanduser, which raises where it knows no such user.
    return Path(os.path.expanduser(settings.model_dir)) if settings.model_dir else None  # noqa: PTH111


def settings_file() -> Path:
    """Where the settings are kept."""
    return config_dir() / "settings.toml"


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings as :func:`read_settings` does; where they cannot be read, that is logged and the defaults hold."""
    try:
        return read_settings(file)
    except (SettingsError, UserFolderError) as error:
        log.warning("%s The default settings are used.", error)
        return Settings()


def read_settings(file: Path | None = None) -> Settings:
    """Read the settings; what is missing, unknown or wrong falls back to its default and is logged.

    A damaged file never keeps the program from starting: it is set aside as ``settings.toml.damaged``.

    Raises:
        SettingsError: the file is there and cannot be read just now. It is left alone; who saves other settings then
            would lose those in it.
        UserFolderError: the folder of the settings cannot be made.
    """
    file = file or settings_file()
    try:
        stored = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        log.warning("The settings file is damaged (%s); the defaults are used.", error)
        set_aside(file)
        return Settings()
    except OSError as error:
        raise SettingsError(
            "The settings in {file} could not be read: {problem}.",
            file=str(file),
            problem=os_reason(error),
        ) from error
    settings = Settings()
    known = {declared.name for declared in fields(Settings)}
    for name, value in stored.items():
        if name not in known:
            log.info("The unknown setting %s was left out.", name)
            continue
        try:
            settings = replace(settings, **{name: value})
        except SettingsError as error:
            log.warning("%s The default is used.", error)
    return settings


def save_settings(settings: Settings, file: Path | None = None) -> None:
    """Write the settings so that a crash leaves either the old or the new file.

    Raises:
        SettingsError: the file cannot be written.
    """
    file = file or settings_file()
    lines = ["# Settings of Geotagger. Lines that are left out take their default.", ""]
    for declared in fields(settings):
        value = getattr(settings, declared.name)
        # A JSON text or number is also a TOML one.
        written = json.dumps(value.value if isinstance(value, Enum) else value, ensure_ascii=False)
        lines += [f"# {declared.metadata['sentence']}", f"{declared.name} = {written}", ""]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, "\n".join(lines))
    except OSError as error:
        raise SettingsError(
            "The settings could not be saved: {problem}.", problem=os_reason(error)
        ) from error
