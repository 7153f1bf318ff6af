"""The quickstart with one epoch per run: three runs, figures, one table; and a codebook that is trained already."""

import pytest
import torch

import zoo.quickstart
from zoo.cli.main import main
from zoo.training.fit import train


@pytest.mark.slow
def test_the_quickstart_trains_three_runs_draws_and_prints_one_table(tmp_path, monkeypatch, capsys):
    def one_epoch(run, path, resume):
        return train(run.model_copy(update={"training": run.training.model_copy(update={"epochs": 1})}), path, resume)

    monkeypatch.setattr(zoo.quickstart, "train", one_epoch)
    assert main(["quickstart", "--out", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "majority class (Standing)" in table
    assert table.count("/40") == 4
    drawn = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    wanted = {"reconstruction", "shapes", "codebook-usage", "confusion-head", "recall-wrn", "losses"}
    assert {f"recon-wrn/figures/{name}.png" for name in wanted} <= drawn
    assert "signal-wrn/figures/confusion-head.png" in drawn
    assert len(list(tmp_path.glob("*/report.html"))) == 3
    monkeypatch.setattr(zoo.quickstart, "write_report", lambda evidence: None)  # the same pages again
    assert main(["quickstart", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split("BasicMotions")[1] == table.split("BasicMotions")[1]


@pytest.mark.slow
def test_a_pretrained_codebook_reads_data_that_it_has_never_seen(tmp_path, capsys):
    assert main(["quickstart", "--pretrained", "--out", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert table.startswith("done: shapes-small, frozen")
    assert table.count("/150") == 2
    run = zoo.Run(tmp_path / "shapes-small")
    assert run.evaluate().head.accuracy > 0.8
    assert (tmp_path / "shapes-small" / "figures" / "codebook-shapes.png").is_file()
    frozen = zoo.load("shapes-small").state_dict()
    assert all(torch.equal(value, frozen[name]) for name, value in run.model.state_dict().items() if name in frozen)
