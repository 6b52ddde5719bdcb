"""Writing positions into photos and taking them out: first worked out in memory, then made to happen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from geotagger.core.errors import (
    ChangedOnDiskError,
    GeotaggerError,
    PartlyWrittenError,
    PhotoError,
    UnreadablePhotoError,
    WriteRefusedError,
)
from geotagger.core.fix import Fix
from geotagger.core.sentence import Sentence
from geotagger.core.write_policy import Overwrite, SidecarMode, WritePolicy
from geotagger.metadata import gps, provenance, safe_write, tagtable
from geotagger.metadata.container import Change, Contents
from geotagger.metadata.edit import Edit, EditedSource, ordered, replacing
from geotagger.metadata.errors import FormatError, UnsafeError
from geotagger.metadata.formats import PHOTO_SUFFIXES, RAW_SUFFIXES, Detected, detect
from geotagger.metadata.journal import Journal
from geotagger.metadata.left_positions import places_left
from geotagger.metadata.model import (
    FileIdentity,
    PhotoMetadata,
    TagChange,
    WriteOutcome,
    WritePlan,
    WriteTarget,
)
from geotagger.metadata.os_errors import unreadable
from geotagger.metadata.reading import fix_in, fix_in_packet, open_photo, read_photo
from geotagger.metadata.record import Record
from geotagger.metadata.side_by_side import side_by_side
from geotagger.metadata.sidecar import DAMAGED_SIDECAR, Sidecar, own_path, sidecars_of
from geotagger.metadata.source import Source
from geotagger.metadata.verify import checked_edit, same_fix


@dataclass(frozen=True, slots=True)
class _Step:
    """One file that changes.

    Attributes:
        edit: how it changes, where it is there and stays.
        read: its status when it was read for the edit.
        old: content of a sidecar that is to be deleted.
        new: content of a sidecar that is to be made.
    """

    target: Path
    edit: Edit = ()
    read: os.stat_result | None = None
    old: bytes | None = None
    new: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    plan: WritePlan
    steps: tuple[_Step, ...] = ()


def plan_write(photo: PhotoMetadata | Path, fix: Fix, policy: WritePolicy) -> WritePlan:
    """What ``write_fix`` would do, with the tags before and after; nothing is written.

    Raises:
        UnreadablePhotoError: the photo cannot be read.
        WriteRefusedError: it cannot be written, and the policy forbids a sidecar; or a file is read-only.
    """
    work = _work_for_fix(photo if isinstance(photo, PhotoMetadata) else read_photo(photo), fix, policy)
    for step in work.steps:
        if step.read is not None:
            safe_write.check_writable(step.target)
    return work.plan


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A position to write into one photo of several.

    Attributes:
        expected: identity of the photo when it was read; the write is refused if it changed since.
    """

    path: Path
    fix: Fix
    expected: FileIdentity | None = None


def write_fixes(
    requests: Iterable[WriteRequest], policy: WritePolicy, journal: Journal, run_id: int
) -> Iterator[tuple[Path, WriteOutcome | Exception]]:
    """Write positions into many photos, several at once, each as :func:`write_fix` would.

    Requests are taken shortly before their turn; where they end, or the results are no longer asked for, the
    writes that were begun are finished and no others are begun.

    Yields:
        In the order given, each photo with what became of it, or with what ``write_fix`` would have raised.
    """
    return side_by_side(
        (r.path, partial(write_fix, r.path, r.fix, policy, journal, run_id, r.expected)) for r in requests
    )


def strip_fixes(
    paths: Iterable[Path], policy: WritePolicy, journal: Journal, run_id: int, *, estimates_only: bool
) -> Iterator[tuple[Path, WriteOutcome | Exception]]:
    """Remove the positions of many photos, several at once, each as :func:`strip_fix` would.

    Yields:
        As :func:`write_fixes`.
    """
    return side_by_side(
        (path, partial(strip_fix, path, policy, journal, run_id, estimates_only=estimates_only))
        for path in paths
    )


def write_fix(
    path: Path,
    fix: Fix,
    policy: WritePolicy,
    journal: Journal,
    run_id: int,
    expected: FileIdentity | None = None,
) -> WriteOutcome:
    """Write a position into a photo or its sidecar.

    Args:
        expected: identity of the photo when it was read; the write is refused if it changed since.

    Raises:
        UnreadablePhotoError: the photo cannot be read.
        WriteRefusedError: it cannot be written safely; it is as it was.
        ChangedOnDiskError: another program changed it; it was left alone.
        VerificationError: the new file did not pass its checks; the photo is as it was.
    """
    metadata = read_photo(path)
    if expected is not None:
        now = metadata.identity
        if (now.size_bytes, now.mtime_ns, now.digest) != (
            expected.size_bytes,
            expected.mtime_ns,
            expected.digest,
        ):
            raise ChangedOnDiskError(path, "Another program has changed this file since it was read.")
    return _carry_out(_work_for_fix(metadata, fix, policy), policy, journal, run_id)


def strip_fix(
    path: Path, policy: WritePolicy, journal: Journal, run_id: int, *, estimates_only: bool
) -> WriteOutcome:
    """Remove the position from a photo and its sidecars.

    Args:
        estimates_only: remove only what this program estimated; the photo and each sidecar are judged apart.

    Raises:
        UnreadablePhotoError: the photo cannot be read.
        WriteRefusedError: it cannot be changed safely; it is as it was.
    """
    return _carry_out(_work_for_strip(path, estimates_only), policy, journal, run_id)


def _kept_because(old: Fix | None, fix: Fix, policy: WritePolicy) -> Sentence | None:
    """Why a position that is there stays; None where it may be replaced."""
    if old is None or policy.overwrite is Overwrite.ALL:
        return None
    if policy.overwrite is Overwrite.ESTIMATES and old.source.is_estimate:
        return None
    if old.source.is_estimate:
        return Sentence("It has an estimated position already, which was kept.")
    return Sentence("It has a position already, which was kept.")


def fix_change(fix: Fix, now: datetime) -> Change:
    """The change of a photo file that writes a position, marked with ``now``."""
    return Change(
        gps=lambda tiff, old: gps.rewritten(fix, tiff, old),
        new_gps=gps.fields_of(fix, ">"),
        xmp=lambda packet: provenance.with_fix(packet, fix, now, position=False),
    )


STRIP = Change(
    gps=gps.stripped,
    new_gps=(),
    xmp=lambda packet: provenance.without_fix(packet) if packet else b"",
    further_xmp=provenance.without_fix,
)
"""The change of a photo file that removes its position, and those of its further pages."""
_STRIP_OWN = replace(STRIP, further_xmp=None)
"""The same for the position alone that a write puts there."""


def _work_for_fix(metadata: PhotoMetadata, fix: Fix, policy: WritePolicy) -> _Work:
    path = metadata.path
    if gps.checked(fix.position.lat_deg, fix.position.lon_deg) is None:
        raise WriteRefusedError(path, "0, 0 is what cameras write when they do not know the position.")
    kept = _kept_because(metadata.fix, fix, policy)
    if kept is not None:
        return _Work(WritePlan(path, WriteTarget.KEPT, None, kept, ()))
    safe_write.check_no_copy(path, policy.backup_dir)
    now = datetime.now(timezone.utc)
    sidecars = _sidecars(path)
    reason = None
    step = None
    rows: tuple[TagChange, ...] = ()
    if metadata.fix_from_sidecar and _kept_because(_own_fix(path), fix, policy) is not None:
        # What is replaced is the position in the sidecar, which wins; that of the camera stays under it.
        reason = Sentence("the position in the file itself was kept")
        if policy.sidecar is SidecarMode.NEVER:
            return _Work(WritePlan(path, WriteTarget.KEPT, None, reason.alone(), ()))
    elif policy.sidecar is not SidecarMode.ALWAYS:
        try:
            step, rows = _photo_step(path, fix_change(fix, now), fix)
        except UnsafeError as error:
            reason = error.clause
            if policy.sidecar is SidecarMode.NEVER:
                raise WriteRefusedError(
                    path, "It cannot be written safely: {reason}.", reason=reason
                ) from error
    target = WriteTarget.FILE
    if step is None:
        target = WriteTarget.SIDECAR
        main, sidecars = (sidecars[0], sidecars[1:]) if sidecars else (None, [])
        step, rows = _sidecar_step(path, main, fix, now)
    others = [
        _sidecar_step(path, s, fix, now)[0]
        for s in sidecars
        if s.packet is not None
        and provenance.holds_position(s.packet)
        and _kept_because(fix_in_packet(s.packet), fix, policy) is None
    ]
    if reason is not None:
        note = Sentence("The position goes into a sidecar: {reason}.", reason=reason)
    elif others:
        note = Sentence("A sidecar that held a position is changed too.")
    elif damaged := [s for s in sidecars if s.packet is None]:
        note = Sentence("Its sidecar {sidecar}: {why}", sidecar=damaged[0].path.name, why=DAMAGED_SIDECAR)
    else:
        note = None
    return _Work(WritePlan(path, target, step.target, note, rows), (step, *others))


def _work_for_strip(path: Path, estimates_only: bool) -> _Work:
    def wanted(fix: Fix | None) -> bool:
        return not estimates_only or (fix is not None and fix.source.is_estimate)

    own = _own_fix(path)
    steps: list[_Step] = []
    rows: tuple[TagChange, ...] = ()
    if wanted(own):
        try:
            step, rows = _photo_step(path, _STRIP_OWN if estimates_only else STRIP, None)
            steps.append(step)
        except UnsafeError as error:
            if own is not None:
                raise WriteRefusedError(
                    path,
                    "Its position stands in the file itself, which cannot be changed safely: {reason}.",
                    reason=error.clause,
                ) from error
    sidecars = _sidecars(path)
    for sidecar in sidecars:
        if sidecar.packet is not None and wanted(fix_in_packet(sidecar.packet)):
            new = provenance.without_fix(sidecar.data)
            before, after = sidecar.packet, provenance.parsed(new)
            steps.append(_changed(sidecar, new))
            rows += tagtable.changes(tagtable.tags_in_packet(before), tagtable.tags_in_packet(after))
    steps = [step for step in steps if step.edit or step.old is not None]
    damaged = [s.path.name for s in sidecars if s.packet is None]
    edit = next((s.edit for s in steps if s.target == path), ())
    left = None if estimates_only else _left(path, edit, own, damaged)
    if not steps:
        why = Sentence("It has no position.")
        if estimates_only:
            why = Sentence("It has no position that this program estimated.")
        return _Work(WritePlan(path, WriteTarget.KEPT, None, left or why, (), left is not None))
    target = WriteTarget.FILE if steps[0].target == path else WriteTarget.SIDECAR
    return _Work(WritePlan(path, target, steps[0].target, left, rows, left is not None), tuple(steps))


def _left(path: Path, edit: Edit, removed: Fix | None, damaged_sidecars: list[str]) -> Sentence | None:
    """What positions the photo file or its sidecars would still hold after an edit; None for none."""
    with open_photo(path) as source:
        after = EditedSource(source, edit)
        _, contents = _contents(path, after)
        try:
            places = places_left(after, contents, removed.position if removed else None)
        except OSError as error:
            raise unreadable(path, error) from error
    places += [
        Sentence("its damaged sidecar {sidecar} may hold a position", sidecar=name)
        for name in damaged_sidecars
    ]
    if not places:
        return None
    named = places[0]
    for place in places[1:]:
        named = Sentence("{places}, {place}", places=named, place=place)
    return Sentence("{places}, which cannot be taken out safely.", places=named).alone()


def _own_fix(path: Path) -> Fix | None:
    """The position in the photo file itself, whatever its sidecars say."""
    with open_photo(path) as source:
        _, contents = _contents(path, source)
        return fix_in(contents, provenance.parsed(contents.xmp))


def _sidecars(path: Path) -> list[Sidecar]:
    try:
        return sidecars_of(path, PHOTO_SUFFIXES, RAW_SUFFIXES)
    except OSError as error:
        raise WriteRefusedError(path, "Its sidecar is there, but cannot be read.") from error


def _contents(path: Path, source: Source) -> tuple[Detected, Contents]:
    try:
        found = detect(source, path.suffix.lower())
        return found, found.handler.contents(source)
    except FormatError as error:
        raise UnreadablePhotoError(path, error.clause.alone()) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _photo_step(path: Path, change: Change, fix: Fix | None) -> tuple[_Step, tuple[TagChange, ...]]:
    """The change of the photo file itself, checked.

    Raises:
        UnsafeError: it cannot be made safely.
    """
    with open_photo(path) as source:
        found, contents = _contents(path, source)
        if found.sidecar_reason is not None:
            raise UnsafeError(found.sidecar_reason)
        try:
            edit = checked_edit(source, found.handler, change, fix)
            after = found.handler.contents(EditedSource(source, edit))
            rows = tagtable.changes(tagtable.tags_in(contents), tagtable.tags_in(after))
        except OSError as error:
            raise unreadable(path, error) from error
        return _Step(path, edit, source.stat), rows


def _sidecar_step(
    path: Path, sidecar: Sidecar | None, fix: Fix, now: datetime
) -> tuple[_Step, tuple[TagChange, ...]]:
    """The change of a sidecar, or a new one, checked.

    Raises:
        WriteRefusedError: the sidecar that is there cannot be merged with.
    """
    try:
        new = provenance.with_fix(sidecar.data if sidecar else None, fix, now, position=True)
        packet = provenance.checked_packet(new, sidecar.data if sidecar else None)
    except UnsafeError as error:
        raise WriteRefusedError(
            path, "Its sidecar cannot be changed safely: {reason}.", reason=error.clause
        ) from error
    if not same_fix(fix_in_packet(packet), fix):
        raise WriteRefusedError(path, "The position would not read back from its sidecar.")
    before = tagtable.tags_in_packet(sidecar.packet if sidecar else None)
    rows = tagtable.changes(before, tagtable.tags_in_packet(packet))
    return (_changed(sidecar, new) if sidecar else _Step(own_path(path), new=new)), rows


def _changed(sidecar: Sidecar, new: bytes) -> _Step:
    if not new:
        return _Step(sidecar.path, old=sidecar.data)
    return _Step(sidecar.path, ordered([replacing(0, sidecar.data, new)]), sidecar.stat)


def _carry_out(work: _Work, policy: WritePolicy, journal: Journal, run_id: int) -> WriteOutcome:
    """Make all steps or none: where a photo was written and its sidecar then cannot be, the photo is put back."""
    path = work.plan.path
    made: list[int] = []
    with journal.together(path):
        try:
            for step in work.steps[1:]:
                safe_write.check_writable(step.target)
            for step in work.steps:
                with journal.record(run_id, path) as record:
                    _make(step, record, policy)
                if record.entry:
                    made.append(record.entry)
        except PhotoError as error:
            if step.target == path:
                raise
            raise _stopped(path, step.target.name, error, journal, made) from error.__cause__ or error
    plan = work.plan
    return WriteOutcome(path, plan.target, plan.written_to, plan.reason, plan.leaves_position)


def _make(step: _Step, record: Record, policy: WritePolicy) -> None:
    if step.new:
        safe_write.create(step.target, step.new, record)
    elif step.old is not None:
        safe_write.remove(step.target, step.old, record)
    elif step.edit:
        safe_write.write_edit(step.target, step.edit, record, step.read, policy.backup_dir)


def _stopped(path: Path, sidecar: str, error: PhotoError, journal: Journal, made: list[int]) -> PhotoError:
    """Take back what was changed before a sidecar could not be; the error that says what is there now."""
    try:
        journal.take_back(made)
    except GeotaggerError as problem:
        return PartlyWrittenError(
            path,
            "It was changed, but its sidecar {sidecar} was not ({why}), and it could not be put back at once"
            " ({problem}). Taking back this run puts it back.",
            sidecar=sidecar,
            why=error.reason,
            problem=problem.sentence,
        )
    if isinstance(error, PartlyWrittenError):
        text = Sentence("Its sidecar {sidecar}: {why}", sidecar=sidecar, why=error.reason)
    else:
        text = Sentence(
            "Its sidecar {sidecar} cannot be written, so nothing was changed. {why}",
            sidecar=sidecar,
            why=error.reason,
        )
    return type(error)(path, text)
