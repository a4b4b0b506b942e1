"""Losses are found by their files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zoocli.losses
from zoocli.errors import UsageError
from zoocli.losses import find_loss, loss_names

NEW_LOSS = """
from zoocli.losses.loss import Loss

def count_loss(y_pred, y):
    return y_pred - y

LOSS = Loss(name="new-loss", scores="values", function=count_loss, summary="new", aliases=("n",))
"""


@pytest.fixture
def another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "new_loss.py").write_text(NEW_LOSS)
    monkeypatch.setattr(zoocli.losses, "__path__", [*zoocli.losses.__path__, str(tmp_path)])
    zoocli.losses._losses.cache_clear()
    yield
    sys.modules.pop("zoocli.losses.new_loss", None)
    zoocli.losses._losses.cache_clear()


def test_the_names_of_the_design() -> None:
    assert {"dirichlet", "cross-entropy", "mse", "l1"} <= set(loss_names())
    assert find_loss("ce").name == "cross-entropy"
    assert find_loss("mae").name == "l1"


def test_a_new_file_is_a_new_loss(another_file: None) -> None:
    assert "new-loss" in loss_names()
    assert find_loss("n").function(5, 3) == 2


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"no loss 'qqq'\. Choose one of .*dirichlet.*mae"):
        find_loss("qqq")


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    assert not hasattr(zoocli.losses, "huber_loss")
