"""Two real processes (torch.distributed, gloo) give what one gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import multiprocessing

from zoocli.metrics import CrossEntropyMetric, LossSums, MultiQuestionLossMetric

PAIRS = {"smooth": ["_yes", "_no", "_artifact"], "bar": ["_strong", "_none"]}
ANSWERS = ["smooth_yes", "smooth_no", "smooth_artifact", "bar_strong", "bar_none"]
GALAXIES = 53
# For each process the batches, as (start, stop); together they are all galaxies, once.
PLANS: dict[str, list[list[tuple[int, int]]]] = {
    "even": [[(0, 13), (13, 26)], [(26, 39), (39, 53)]],
    "uneven last batches": [[(0, 16), (16, 32), (32, 35)], [(35, 51), (51, 53)]],
    "an empty batch": [[(0, 20), (20, 20)], [(20, 53)]],
    "an empty rank": [[(0, 30), (30, 53)], []],
    "an empty first rank": [[], [(0, 53)]],
}
STATES = ("sum", "sum_squares", "galaxies", "galaxies_all", "votes")


def make(kind: str) -> LossSums:
    return CrossEntropyMetric() if kind == "ce" else MultiQuestionLossMetric(PAIRS)


def batch(kind: str, start: int, stop: int) -> tuple[Any, Any]:
    """The galaxies from start to stop, the same in every process."""
    generator = torch.Generator().manual_seed(8)
    inputs = 0.1 + 40 * torch.rand(GALAXIES, 5, dtype=torch.float64, generator=generator)
    votes = torch.randint(0, 20, (GALAXIES, 5), generator=generator)
    votes[::4, 3:] = 0
    votes[::8] = 0
    inputs[7, 2] = torch.nan
    rows = slice(start, stop)
    if kind == "ce":
        return inputs[rows].nan_to_num(), votes[rows, 0] % 5
    return inputs[rows], dict(zip(ANSWERS, votes[rows].unbind(1), strict=True))


def report(metric: LossSums) -> dict[str, Any]:
    """What a process knows: before, while and after it is synchronised."""
    before = metric.sum.tolist()
    return {
        "compute": {name: value.item() for name, value in metric.compute().items()},
        "summary": metric.to_summary().to_dict(),
        "local": before == metric.sum.tolist(),
    }


def work(rank: int, folder: str) -> None:
    """One process: goes through every plan, and writes what came out."""
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2
    )
    reports: dict[str, Any] = {}
    for plan, ranks in PLANS.items():
        for kind in ("dirichlet", "ce"):
            metric = make(kind)
            for number, rows in enumerate(ranks[rank]):
                arguments = batch(kind, *rows)
                # forward() and update() in turns: both must keep the same account.
                (metric if number % 2 else metric.update)(*arguments)
            reports[f"{plan}/{kind}"] = report(metric)
    Path(folder, f"{rank}.json").write_text(json.dumps(reports))
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    if not dist.is_gloo_available():
        pytest.skip("torch was built without gloo")
    folder = tmp_path_factory.mktemp("processes")
    multiprocessing.spawn(work, (str(folder),), nprocs=2)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("kind", ["dirichlet", "ce"])
@pytest.mark.parametrize("plan", PLANS)
def test_two_processes_equal_one(
    plan: str, kind: str, rank: int, reports: list[dict[str, Any]]
) -> None:
    single = make(kind)
    single.update(*batch(kind, 0, GALAXIES))
    expected, found = report(single), reports[rank][f"{plan}/{kind}"]
    assert found["compute"] == pytest.approx(expected["compute"], rel=1e-12)
    assert_same_summary(found["summary"], expected["summary"])
    assert found["local"], "after compute() each process must go on with its own sums"


def assert_same_summary(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for level in ("campaigns", "questions"):
        assert list(found[level]) == list(expected[level])
    groups = [
        (found["overall"], expected["overall"]),
        *zip(found["campaigns"].values(), expected["campaigns"].values(), strict=True),
        *zip(found["questions"].values(), expected["questions"].values(), strict=True),
    ]
    for mine, theirs in groups:
        for state in ("sum", "sum_squares"):
            assert mine[state] == pytest.approx(theirs[state], rel=1e-12)
        for state in ("galaxies", "galaxies_all", "votes"):
            assert mine[state] == theirs[state]


def test_the_galaxies_are_not_trivial() -> None:
    metric = make("dirichlet")
    metric.update(*batch("dirichlet", 0, GALAXIES))
    assert metric.galaxies_all.tolist() == [52, 52, 52, 53]
    assert metric.galaxies[0] < metric.galaxies_all[0]
    assert all(
        sum(stop - start for rows in ranks for start, stop in rows) == GALAXIES
        for ranks in PLANS.values()
    )
