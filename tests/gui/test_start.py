import os
import subprocess
import sys


def test_without_a_screen_the_command_says_so_instead_of_aborting():
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.platform = 'linux'; from geotagger.gui import run; sys.exit(run([]))",
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("There is no screen")


_LOOK_AND_LEAVE = """
import sys
from PySide6.QtCore import QTimer
from geotagger.gui import app

def look(qapp):
    def seen():
        window = next(w for w in qapp.topLevelWidgets() if type(w).__name__ == "MainWindow")
        others = [type(w).__name__ for w in qapp.topLevelWidgets() if w.isVisible() and w is not window]
        print(window.isVisible(), others, window.notices.text, sep="|")
        window.preferences.switch_appearance()
        print(window.notices.text)
        window.close()
    QTimer.singleShot(500, qapp, seen)

app.keep_smooth = look
sys.exit(app.run([]))
"""


def start_and_leave(**variables):
    return subprocess.run(
        [sys.executable, "-c", _LOOK_AND_LEAVE],
        capture_output=True,
        text=True,
        env=os.environ | {"LANG": "C", "QT_QPA_PLATFORM": "offscreen"} | variables,
    )


def test_without_folders_of_its_own_the_window_opens_and_says_why_once(tmp_path):
    (tmp_path / "file").write_text("")
    no_folder = str(tmp_path / "file" / "folder")
    names = [f"GEOTAGGER_{name}_DIR" for name in ("LOG", "CONFIG", "CACHE", "DATA")]
    done = start_and_leave(**dict.fromkeys(names, no_folder))
    assert done.returncode == 0, done.stderr
    shown, others, notice = done.stdout.splitlines()[0].split("|")
    assert (shown, others) == ("True", "[]")
    assert notice.count("cannot be made") >= 1, notice
    assert "Traceback" not in done.stderr


def test_a_log_that_cannot_be_written_is_told_in_the_window(tmp_path):
    (tmp_path / "log" / "geotagger.log").mkdir(parents=True)
    done = start_and_leave(GEOTAGGER_LOG_DIR=str(tmp_path / "log"))
    assert done.returncode == 0, done.stderr
    notice = done.stdout.splitlines()[0].split("|")[2]
    assert notice.startswith("The log file")
    assert "cannot be written: Is a directory." in notice


def test_settings_that_cannot_be_read_at_the_start_are_not_overwritten(user_folders):
    folder = user_folders / "config"
    (folder / "settings.toml").mkdir(parents=True)
    done = start_and_leave()
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[:2]
    assert "settings.toml could not be read" in first
    assert first.endswith("The default settings are used, and changes last until the program ends.")
    assert "so this change lasts until the program ends" in second
    assert (folder / "settings.toml").is_dir()
