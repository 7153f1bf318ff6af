"""Scores keyed by their reader: names for people, labels of earlier versions, pairs of raw and rebuilt."""

import pytest
from pydantic import ValidationError

from zoo.evaluation.corruption import CorruptionReport
from zoo.evaluation.report import EvalReport, Majority
from zoo.evaluation.score import HEAD, HEAD_ON_RAW, Judged, Pair, Reader, Score, judged, on_raw, on_rebuilt, pairs

READERS = [HEAD, HEAD_ON_RAW, on_raw("wrn"), on_rebuilt("wrn"), on_raw("raw"), on_rebuilt("rebuilt"), on_raw("on")]


def score(reader: Reader, correct: int = 1) -> Score:
    return Score(
        reader=reader,
        correct=correct,
        total=4,
        accuracy=correct / 4,
        balanced_accuracy=0.5,
        macro_f1=0.5,
        ece=None,
        never_predicted=[],
        classes=[],
        confusion=[],
    )


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.label)
def test_a_label_of_an_earlier_version_is_read_as_the_reader_it_names(reader):
    assert Reader.model_validate(reader.label) == reader
    assert Reader.model_validate_json(reader.model_dump_json()) == reader


def test_labels_and_words_differ_between_readers():
    assert len({reader.label for reader in READERS}) == len({reader.words for reader in READERS}) == len(READERS)


@pytest.mark.parametrize("label", ["wrn on something", "wrn", ""])
def test_a_label_that_no_version_wrote_is_refused(label):
    with pytest.raises(ValidationError):
        Reader.model_validate(label)


def test_pairs_hold_the_score_on_the_intended_input_and_the_one_on_raw_signals():
    scores = [
        score(reader, index) for index, reader in enumerate((HEAD, HEAD_ON_RAW, *map(on_raw, "ab"), on_rebuilt("b")))
    ]
    head, head_on_raw, a, raw_b, b = scores
    assert pairs(scores) == [Pair(head, head_on_raw), Pair(a, None), Pair(b, raw_b)]
    assert judged(scores) == [Judged(raw_b, b)]
    assert judged([a, head, b]) == []


def test_a_report_keyed_by_labels_equals_one_with_readers():
    readers = [HEAD, HEAD_ON_RAW, on_raw("a"), on_rebuilt("a")]
    trial = CorruptionReport(
        name="noise:1", correct={reader.label: n for n, reader in enumerate(readers)}, total=4, mse=None, r2=None
    )
    assert [trial.count(reader) for reader in readers] == [0, 1, 2, 3]
    report = EvalReport(
        windows=4,
        majority=Majority(name="sit", correct=2, total=4, accuracy=0.5),
        scores=[score(reader, index) for index, reader in enumerate(readers)],
        reconstruction=None,
        codebook=None,
        losses={},
        corruptions=[trial],
    )
    stored = report.model_dump(mode="json")
    scores = stored.pop("scores")
    for part in scores:
        del part["reader"]
    stored["classifiers"] = dict(zip((reader.label for reader in readers), scores, strict=True))
    stored["corruptions"][0]["correct"] = {reader.label: n for n, reader in enumerate(readers)}
    assert EvalReport.model_validate(stored) == report
