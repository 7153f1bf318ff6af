import json
from pathlib import Path

import numpy as np
import torch
from zoo_acme import AttentionPool, JsonLines, zoo_models
from zoo_registry import Shape

from zoo.contracts import Output, Tokens
from zoo.testing import check_component, check_model_card


def test_it_keeps_the_contract_of_a_head() -> None:
    check_component(AttentionPool())
    check_component(AttentionPool(hidden=1), Shape.of("c n d", 1, 1, 5), classes=2)


def test_equal_scores_give_the_plain_mean() -> None:
    head = AttentionPool().build(Shape.of("c n d", 2, 4, 6), classes=3)
    torch.nn.init.zeros_(head.weigh[-1].weight)
    values = torch.randn(5, 2, 4, 6)
    logits = head(Output(x=torch.empty(5, 2, 8), tokens=Tokens(values)))
    torch.testing.assert_close(logits, head.classify(values.mean((1, 2))))


def test_json_lines_keep_the_contract_of_a_source(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(24, 2, 10))
    lines = [{"x": window.tolist(), "label": "walk" if row % 2 else "sit"} for row, window in enumerate(x)]
    path = tmp_path / "windows.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    check_component(JsonLines(path=str(path)))


def test_the_model_is_as_good_as_its_card_says() -> None:
    for card in zoo_models():
        check_model_card(card, "aeon:basic_motions")
