"""The data set of a run, with the splits of its protocol."""

import warnings
from dataclasses import replace

from zoo_registry import RunSpec, ZooNote

from zoo.data.leaks import leak_sentences
from zoo.data.prepare import Once, here, prepare
from zoo.data.split import DataSet
from zoo.runs.protocol import UPPER_BOUND


def load_set(run: RunSpec, once: Once = here) -> DataSet:
    """The data of ``run``, read as by ``prepare``; raises DataError when they are refused.

    Under the paper protocol the test split replaces the validation split; the training split, and with it the
    fingerprint, is the same as under the honest one. Warns of this with ZooNote, and if training and test share
    subjects or windows.
    """
    data = prepare(run.data, once)
    if run.evaluation.protocol == "paper":
        warnings.warn(UPPER_BOUND, ZooNote, stacklevel=3)
        data = replace(data, validation=data.test, leaks=data.leaks._replace(validation=0, validation_overlaps=0))
    if data.shared_subjects:
        people = f"{len(data.shared_subjects)} subjects"
        warnings.warn(f"training and test share {people}: scores say nothing about new people", ZooNote, stacklevel=3)
    for sentence in leak_sentences(data.leaks, len(data.test), len(data.validation)):
        warnings.warn(sentence, ZooNote, stacklevel=3)
    return data
