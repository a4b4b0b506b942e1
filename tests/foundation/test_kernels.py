"""The fused loop: the same reference values, and the same contract, as the torch loss."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.kernel_losses import losses_of, random_galaxies
from tests.reference.cases import ANCHOR, dirichlet_cases
from zoocli.foundation.kernels import dirichlet as kernel
from zoocli.foundation.kernels.compiling import CACHE_VARIABLE
from zoocli.foundation.kernels.products import BLOCK

KERNELS = ROOT / "zoocli" / "foundation" / "kernels"


@pytest.mark.parametrize("answers", range(2, 16))
def test_reference_values(answers):
    cases = [case for case in dirichlet_cases() if len(case.votes) == answers]
    assert cases
    losses, totals = losses_of(
        [case.concentrations for case in cases], [case.votes for case in cases], [answers]
    )
    for case, loss, total in zip(cases, losses[0], totals[0], strict=True):
        assert abs(loss - case.loss) <= case.bound, case
        assert total == min(sum(case.votes), 2**31 - 1) or case.regime == "extreme"


def test_lanes_beyond_the_last_galaxy_hold_no_votes():
    """Those of several questions would add up beyond the end of the table of factorials."""
    sizes, widest = [3, 2], 3
    concentrations = np.ones((kernel.BLOCK + 1, sum(sizes)))
    counts = np.full(concentrations.shape, 80, np.uint8)
    memory = kernel.scratch(np.cumsum([0, *sizes]))
    losses_of(concentrations, counts, sizes, memory=memory)
    votes, others = memory[widest : 2 * widest, : kernel.BLOCK], slice(1, kernel.BLOCK)
    assert (votes[:2, 0] == 80).all() and not votes[:, others].any()


def test_anchor():
    concentrations, votes, loss = ANCHOR
    assert losses_of([concentrations], [votes], [3])[0][0, 0] == pytest.approx(loss, abs=1e-13)


def largest_error(kernel):
    """How far the kernel is off the reference values, as a multiple of the bound."""
    errors = []
    for case in dirichlet_cases():
        sizes = [len(case.votes)]
        loss = losses_of([case.concentrations], [case.votes], sizes, kernel=kernel)[0][0, 0]
        errors.append(abs(loss - case.loss) / case.bound)
    return max(errors)


def copy_of_kernels(folder):
    """The files of the kernel under the name of another package."""
    folder.mkdir()
    for name in ("dirichlet", "products", "stirling", "stirling_constants"):
        source = (KERNELS / f"{name}.py").read_text()
        for part in ("products", "stirling_constants", "stirling"):
            source = source.replace(f"zoocli.foundation.kernels.{part} ", f"{folder.name}.{part} ")
        source = source.replace(
            "from zoocli.foundation.kernels import stirling_constants",
            f"from {folder.name} import stirling_constants",
        )
        (folder / f"{name}.py").write_text(source)


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (None, "", ""),
        ("dirichlet", "+ lanes.exponents[lane] * LOG_TWO", "- lanes.exponents[lane] * LOG_TWO"),
        ("dirichlet", "numerators[lane] *= lanes.factorials[lane]", "pass"),
        ("products", "rest *= x + 2.0 if left > 2.0 else 1.0", "pass"),
        ("stirling", "(a - 0.5) * math.log1p(k / a)", "(a + 0.5) * math.log1p(k / a)"),
        ("stirling_constants", "0.027677925684998339149", "0.027677935684998339149"),
    ],
    ids=["as it is", "flipped sign", "no factorials", "lost factor", "series", "wrong digit"],
)
def test_the_reference_check_sees_a_broken_kernel(file, right, wrong, tmp_path, monkeypatch):
    name = f"kernels_{tmp_path.name}"
    copy_of_kernels(tmp_path / name)
    if file is not None:
        path = tmp_path / name / f"{file}.py"
        source = path.read_text()
        assert source.count(right) == 1
        path.write_text(source.replace(right, wrong))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    error = largest_error(import_module(f"{name}.dirichlet"))
    assert error > 1 if file else error <= 1


def test_no_votes_lose_exactly_nothing():
    concentrations = [[1.0, 101.0], [1e300, 1e-300], [0.5, 1e30]]
    losses, totals = losses_of(concentrations, np.zeros((3, 2), np.uint8), [2])
    assert losses.tolist() == [[0.0, 0.0, 0.0]]
    assert totals.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -1.0])
@pytest.mark.parametrize("votes", [0, 3, 1000])
def test_what_has_no_likelihood_is_nan_and_harms_no_neighbour(bad, votes):
    concentrations, counts = random_galaxies(BLOCK, [3, 2])
    counts = counts.astype(np.int32)
    expected, _ = losses_of(concentrations, counts, [3, 2])
    concentrations[7, 1] = bad
    counts[7, :3] = votes
    losses, totals = losses_of(concentrations, counts, [3, 2])
    assert np.isnan(losses[0, 7])
    assert totals[0, 7] == 3 * votes
    losses[0, 7] = expected[0, 7]
    np.testing.assert_array_equal(losses, expected)


@pytest.mark.parametrize("galaxies", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 1000])
def test_a_galaxy_has_the_same_loss_in_any_company(galaxies):
    sizes = [2, 5, 3]
    concentrations, counts = random_galaxies(galaxies, sizes)
    counts = counts.astype(np.int32)
    counts[::17] *= 40  # these take the series
    together, _ = losses_of(concentrations, counts, sizes)
    for galaxy in range(0, galaxies, 13):
        alone, _ = losses_of(
            concentrations[galaxy : galaxy + 1], counts[galaxy : galaxy + 1], sizes
        )
        np.testing.assert_array_equal(together[:, galaxy], alone[:, 0])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize("float_kind", [np.float32, np.float64])
def test_types_do_not_matter(kind, float_kind):
    sizes = [4, 2]
    concentrations, counts = random_galaxies(200, sizes)
    concentrations = concentrations.astype(float_kind)
    losses, totals = losses_of(concentrations, counts.astype(kind), sizes)
    expected, _ = losses_of(concentrations.astype(np.float64), counts, sizes)
    np.testing.assert_array_equal(losses, expected)
    np.testing.assert_array_equal(
        totals, [counts[:, :4].sum(axis=1, dtype=int), counts[:, 4:].sum(axis=1, dtype=int)]
    )


def test_rows_are_gathered_on_both_sides():
    sizes = [3, 3]
    concentrations, counts = random_galaxies(300, sizes)
    random = np.random.default_rng(1)
    rows, count_rows = random.permutation(300)[:200], random.permutation(300)[:200]
    losses, _ = losses_of(concentrations, counts, sizes, rows, count_rows)
    expected, _ = losses_of(concentrations[rows], counts[count_rows], sizes)
    np.testing.assert_array_equal(losses, expected)


@pytest.mark.parametrize("questions", [1, 100])
def test_any_tree(questions):
    torch = pytest.importorskip("torch")
    from zoocli.losses import get_dirichlet_neg_log_prob

    sizes = [2 + question % 14 for question in range(questions)]
    concentrations, counts = random_galaxies(150, sizes)
    losses, _ = losses_of(concentrations, counts, sizes)
    start = 0
    for question, size in enumerate(sizes):
        part = slice(start, start + size)
        expected = get_dirichlet_neg_log_prob(
            torch.from_numpy(concentrations[:, part]), torch.from_numpy(counts[:, part])
        )
        np.testing.assert_allclose(losses[question], expected.numpy(), rtol=0, atol=1e-10)
        start += size


def test_where_the_products_end_and_the_series_begins():
    totals = np.arange(kernel.MANY_VOTES - 3, kernel.MANY_VOTES + 4)
    counts = np.stack([totals // 2, totals - totals // 2], axis=1).astype(np.int32)
    concentrations = np.tile([2.5, 7.25], (len(totals), 1))
    losses, _ = losses_of(concentrations, counts, [2])
    second_differences = np.diff(losses[0, ::2], 2)
    assert np.all(np.abs(second_differences) < 1e-3)
    from scipy.stats import dirichlet_multinomial

    expected = [-dirichlet_multinomial.logpmf(k, [2.5, 7.25], k.sum()) for k in counts]
    np.testing.assert_allclose(losses[0], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("answers", [BLOCK, BLOCK + 8, BLOCK + 9, 200, 1000])
def test_questions_with_many_answers(answers):
    from scipy.stats import dirichlet_multinomial

    random = np.random.default_rng(answers)
    concentrations = random.uniform(1, 101, (5, answers))
    counts = random.integers(0, 2, (5, answers)).astype(np.uint8)
    concentrations[3] *= 90  # near the largest that are multiplied, and a total far beyond
    losses, totals = losses_of(concentrations, counts, [answers])
    expected = [
        -dirichlet_multinomial.logpmf(k, a, k.sum())
        for k, a in zip(counts.astype(int), concentrations, strict=True)
    ]
    np.testing.assert_allclose(losses[0], expected, rtol=0, atol=1e-6)
    assert totals[0].tolist() == counts.sum(axis=1).tolist()
