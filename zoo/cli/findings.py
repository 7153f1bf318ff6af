"""The verdict on a run, as `zoo eval` and `zoo codebook` print it after their tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli.tables import print_title
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.findings.finding import Finding


def print_verdict(folder: Path) -> None:
    """Print the findings on the run in ``folder``, judged by its files, each with its remedy, and store them."""
    from zoo.findings.gather import facts_of, record

    found = record(facts_of(folder), folder)
    print_title("Verdict")
    print_line(found.headline)
    print_findings(found.findings)


def print_findings(findings: "Sequence[Finding]") -> None:
    """Print findings, each with its remedy."""
    for finding in findings:
        print_line(f"- {finding.grade}, {finding.name}: {finding.sentence}")
        print_line(f"  {finding.remedy}")
