"""The folder of `zoo apply`: tables, codes, summary and pictures of recordings, written completely or not at all."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from zoo_registry import ZooNote
from zoo_registry.version import version

from zoo.applied.files import CODES, SUMMARY, day_name
from zoo.applied.options import Options
from zoo.applied.predict import Predicted, predictions
from zoo.applied.record import remember
from zoo.applied.rows import rows_of
from zoo.applied.summary import RecordingSummary, Summary, Timed, summary_of
from zoo.applied.tables import new_tables
from zoo.applied.timeline import Timeline
from zoo.applied.trained import Trained
from zoo.io.files import new_folder, write_bytes, write_json
from zoo.io.npz import new_npz
from zoo.process.bar import Seen
from zoo.recordings.sources import Source
from zoo.recordings.windows import Cut

Put = Callable[[Predicted, Source], None]


def write_applied(
    trained: Trained, sources: Sequence[Source], cuts: Sequence[Cut], out: Path, options: Options, seen: Seen
) -> Summary:
    """Apply a model to recordings, each cut in its own way, and write the folder ``out``; an older one is replaced.

    `predictions.csv`, `predictions.parquet` where pyarrow is installed, `codes.npz` of a model with a codebook,
    `summary.json`, and a picture of the days of every recording. If the model is that of a run, the folder is listed
    there. Warns with ZooNote of a recording without a whole
    window, and of windows unlike the training data. Raises ZooError for a damaged recording, and OSError if the folder
    cannot be written.
    """
    from zoo.applied.picture import day_picture  # imports matplotlib, which takes a second

    timelines = [Timeline(source.survey, how.step, options.unsure) for source, how in zip(sources, cuts, strict=True)]
    total = sum(_windows(source, how) for source, how in zip(sources, cuts, strict=True))
    with new_folder(out) as folder:
        with new_tables(folder, _zoned(sources)) as write, _new_codes(folder / CODES, trained, sources) as put:
            for source, how, timeline in zip(sources, cuts, timelines, strict=True):
                for part in predictions(trained.model, source, how, trained.known):
                    timeline.add(part)
                    write([*rows_of(part, source, how.length, trained.classes, options.unsure)])
                    put(part, source)
                    seen(min(total, sum(each.windows for each in timelines)), total)
                timeline.finish()
        timed = [Timed(source, timeline) for source, timeline in zip(sources, timelines, strict=True)]
        for each in timed:
            name = day_name(each.source.name, len(timed))
            for file, content in day_picture(each, trained.classes, name).files().items():
                write_bytes(folder / file, content)
        summary = _summary(trained, timed, cuts[0], options)
        write_json(folder / SUMMARY, summary.model_dump(mode="json"))
    _note(summary)
    remember(Path(trained.source), out, summary)
    return summary


def _zoned(sources: Sequence[Source]) -> bool:
    return any(source.survey.zoned is not None for source in sources)


def _windows(source: Source, how: Cut) -> int:
    """How many there will be, about: resampling may add or remove one in each stretch."""
    recorded = source.survey.about.rate
    size, step = how.samples(recorded)
    counts = (stretch.samples * (how.rate or recorded) / recorded for stretch in source.survey.stretches)
    return sum(max(0, int((count - size) // step) + 1) for count in counts)


@contextmanager
def _new_codes(path: Path, trained: Trained, sources: Sequence[Source]) -> Iterator[Put]:
    """A function that appends the codes of worn windows to a token file; it does nothing for a model without any."""
    codes = trained.model.trace.codes
    if codes is None:
        yield lambda part, source: None
        return
    names = np.array([source.name for source in sources])
    with new_npz(path) as stream:
        stream.put("classes", np.array(trained.classes, dtype="U"))
        stream.put("k", np.array(codes["k"]))

        def put(part: Predicted, source: Source) -> None:
            starts = part.starts[part.worn].tolist()
            times = np.array([source.survey.at(start) for start in starts], dtype="datetime64[ms]")
            if len(starts):
                stream.append(
                    {**part.tokens, "start": times, "recording": np.full(len(starts), source.name, names.dtype)}
                )

        yield put


def _summary(trained: Trained, timed: Sequence[Timed], how: Cut, options: Options) -> Summary:
    recordings = [summary_of(each, trained.classes, trained.known, how.length) for each in timed]
    return Summary(
        zoo=version(),
        bundle=trained.source,
        weights=trained.weights,
        classes=list(trained.classes),
        length=how.length,
        step=how.step,
        rate=how.rate or timed[0].source.survey.about.rate,
        smooth=how.smooth,
        unsure=options.unsure,
        recordings=recordings,
    )


def _note(summary: Summary) -> None:
    for each in summary.recordings:
        if not each.windows:
            warnings.warn(f"{each.recording.file}: no part without a gap holds a window", ZooNote, stacklevel=3)
        if (difference := _difference(each)) is not None:
            warnings.warn(f"{each.recording.file}: {difference}", ZooNote, stacklevel=3)


def _difference(found: RecordingSummary) -> str | None:
    """In what notably many worn windows differ from the training data; None if they do not."""
    if found.unlike is not None:
        measures = dict(found.unlike.notable())
        causes = ", or ".join(dict.fromkeys(measures.values()))
        words = f"worn windows outside the ranges of the training data: {', '.join(measures)}; {causes}?"
        return words if measures else None
    if not found.outside:
        return None
    why = "their mean or deviation is over 4 deviations from it: another mount, body site or unit?"
    return f"{100 * found.outside:.3g} % of worn windows are unlike the training data; {why}"
