"""The loop of docs/training.md in Lightning: what is logged is what the losses give."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.conftest import ROOT
from zoocli import load_schema
from zoocli.errors import UsageError
from zoocli.losses import get_dirichlet_loss_func
from zoocli.metrics import MultiQuestionLossMetric

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice about the machine
TREE = load_schema("decals-dr5-ortho")


def module() -> Any:
    """The class that the page defines."""
    page = (ROOT / "docs" / "training.md").read_text()
    (code,) = [
        block
        for block in re.findall(r"^  ```python\n(.*?)^  ```$", page, re.M | re.S)
        if "lightning" in block
    ]
    scope: dict[str, Any] = {}
    exec(re.sub(r"^  ", "", code, flags=re.M), scope)
    return scope["Model"]()


@pytest.fixture(scope="module")
def batches() -> DataLoader[Any]:
    torch.manual_seed(3)
    features = torch.randn(70, 8)
    votes = torch.randint(0, 9, (70, len(TREE.label_cols)))
    votes[:20, TREE.questions[3].columns] = 0
    return DataLoader(TensorDataset(features, votes), batch_size=16)


def test_what_is_logged(batches: DataLoader[Any], tmp_path: Any) -> None:
    import lightning

    model = module()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(model, batches, batches)
    logged = dict(trainer.callback_metrics)
    (found,) = trainer.validate(model, batches, verbose=False)
    features, votes = batches.dataset.tensors
    with torch.no_grad():
        concentrations = 1 + 100 * torch.sigmoid(model.layer(features))
        losses = get_dirichlet_loss_func(TREE.question_answer_pairs)(concentrations, votes)
    losses = losses.double()
    assert found["val/loss"] == pytest.approx(losses.sum(1).mean().item(), rel=1e-6)
    question = TREE.questions[3]
    voted = votes[:, question.columns].sum(1) > 0
    name = f"val/question/{question.name}"
    assert found[name] == pytest.approx(losses[voted, 3].mean().item(), rel=1e-6)
    assert {f"val/question/{one.name}" for one in TREE.questions} < {*found}
    assert found["val/loss_all"] == pytest.approx(losses.sum(1).mean().item(), rel=1e-6)
    assert logged["train/loss"] > found["val/loss"] * 0.5
    # The last epoch alone, not both.
    assert logged["val/loss"].item() == pytest.approx(found["val/loss"], rel=1e-6)


def test_a_collection_has_the_means_of_the_metric(batches: DataLoader[Any]) -> None:
    metric = MultiQuestionLossMetric(TREE)
    collection = metric.collection(prefix="a/")
    for features, votes in batches:
        concentrations = features.exp() @ torch.ones(8, len(TREE.label_cols))
        collection.update(concentrations, votes)
        metric.update(concentrations, votes)
    expected = {f"a/{name}": value for name, value in metric.compute().items()}
    found = collection.compute()
    assert {*found} == {*expected}
    for name, value in expected.items():
        assert torch.equal(found[name], value)
    collection.reset()
    assert all(value.isnan() for value in collection.compute().values())
    assert len(collection.compute_groups) == 1


def test_one_number() -> None:
    with pytest.raises(UsageError, match="There is no mean 'question/spiral'"):
        MultiQuestionLossMetric({"bar": ["_yes", "_no"]}, of="question/spiral")
    metric = MultiQuestionLossMetric({"b.r": ["_yes", "_no"]}, of="question/b.r")
    assert metric.compute().isnan()
    assert "question/b_r" in metric.collection()
