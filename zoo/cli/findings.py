"""The verdict on a run, as `zoo eval` and `zoo codebook` print it after their tables."""

from pathlib import Path

from zoo.cli.tables import print_title


def print_verdict(folder: Path) -> None:
    """Print what is wrong with the run in ``folder`` as far as its files tell, each with its remedy, and store it."""
    from zoo.findings.gather import facts_of, record

    found = record(facts_of(folder), folder)
    print_title("Verdict")
    print(found.headline)
    for finding in found.findings:
        print(f"- {finding.grade}, {finding.name}: {finding.sentence}\n  {finding.remedy}")
