"""`zoocli evaluate --loss mse|l1`: predicted values against true ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, pearsonr
from sklearn import metrics as sklearn

import zoocli
from tests.command import done_well, run
from tests.evaluations import assert_same_numbers, left_out, students_interval
from zoocli.evaluating.values.histogram import (
    RELATIVE_ERROR,
    bins_of,
    middles_of,
)
from zoocli.evaluating.values.residuals import QUANTILES
from zoocli.evaluating.values.result import ValueEvaluation

TARGETS = ["mass", "age"]
METRICS = ("bias", "mae", "rmse", "r2", "pearson")


def made_up(
    galaxies: int = 2500, offset: float = 0.0, scatter: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two targets, one of them lognormal, and predictions that are not quite right."""
    random = np.random.default_rng(4)
    labels = pd.DataFrame({"id": [f"galaxy {number}" for number in range(galaxies)]})
    labels["mass"] = offset + scatter * random.normal(size=galaxies)
    labels["age"] = random.lognormal(size=galaxies)
    predictions = labels.copy()
    predictions["mass"] += scatter * (0.3 * random.normal(size=galaxies) + 0.2)
    predictions["age"] *= 0.9 + 0.1 * random.normal(size=galaxies)
    return predictions, labels


def evaluate(predictions: pd.DataFrame, labels: pd.DataFrame, **options: Any) -> ValueEvaluation:
    given = {"loss": "mse", "label": TARGETS} | options
    found = zoocli.evaluate(predictions, labels, **given)
    assert isinstance(found, ValueEvaluation)
    return found


def expected_of(predicted: np.ndarray, true: np.ndarray) -> dict[str, float]:
    return {
        "bias": float(np.mean(predicted - true)),
        "mae": sklearn.mean_absolute_error(true, predicted),
        "rmse": sklearn.root_mean_squared_error(true, predicted),
        "r2": sklearn.r2_score(true, predicted),
        "pearson": pearsonr(true, predicted).statistic,
    }


@pytest.mark.parametrize(
    ("offset", "scatter"), [(0.0, 1.0), (1e9, 1.0), (-1e9, 1e-3), (1e-9, 1e-12), (0.0, 1e70)]
)
def test_every_number_is_that_of_scikit_learn_and_scipy(offset, scatter):
    predictions, labels = made_up(offset=offset, scatter=scatter)
    found = evaluate(predictions, labels)
    expected = {
        # Without the offset, exactly, since scikit-learn and scipy lose digits to it.
        "mass": expected_of(
            (predictions["mass"] - offset) / scatter, (labels["mass"] - offset) / scatter
        ),
        "age": expected_of(predictions["age"].to_numpy(), labels["age"].to_numpy()),
    }
    for metric in ("bias", "mae", "rmse"):
        expected["mass"][metric] *= scatter
    for name, numbers in expected.items():
        for metric, value in numbers.items():
            one = found.by_name[name, None, metric]
            assert one.value == pytest.approx(value, rel=1e-9, abs=0), (name, metric)
            assert len(labels) == one.N
    for metric in METRICS:
        mean = np.mean([expected[name][metric] for name in TARGETS])
        assert found.by_name["overall", None, metric].value == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_the_loss_is_that_of_score(loss, tmp_path):
    predictions, labels = made_up(200)
    labels.loc[:9, "age"] = np.nan
    with pytest.warns(zoocli.ZoocliWarning, match="10 galaxies"):
        found = evaluate(predictions, labels, loss=loss)
    assert found.loss == loss and found.rows == ["overall", "mass", "age"]
    with pytest.warns(zoocli.ZoocliWarning):
        summary = zoocli.summarize(zoocli.score(predictions, labels, loss=loss, label=TARGETS))
    everything = {"overall": summary.overall} | summary.questions
    for name, statistics in everything.items():
        one = found.by_name[name, None, "loss"]
        assert one.value == pytest.approx(statistics.mean, rel=1e-12)
        assert one.N == statistics.galaxies == (200 if name == "mass" else 190)
        assert found.by_name[name, None, "se"].value == pytest.approx(statistics.se, rel=1e-12)
    assert found.by_name["age", None, "bias"].N == 190
    assert found.by_name["overall", None, "bias"].N == 200


def test_squares_are_about_the_median_label():
    predictions, labels = made_up(51, offset=1e9)
    labels.loc[50, "age"] = np.nan
    with pytest.warns(zoocli.ZoocliWarning):
        found = evaluate(predictions[:20], labels)
    ages = labels["age"].dropna().sort_values().to_numpy()
    assert found.settings["centres"] == [labels["mass"].median(), ages[24]]


def test_a_single_target_is_overall():
    predictions, labels = made_up(50)
    found = evaluate(predictions[["id", "mass"]], labels, label="mass")
    assert {one.question for one in found.metrics} == {"overall"}
    several = evaluate(predictions, labels)
    for one in found.metrics:
        expected = several.by_name["mass", None, one.metric].value
        assert one.value == pytest.approx(expected, rel=1e-14)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)))
def test_bins_keep_the_order_and_their_middles_are_near(values):
    numbers = np.sort(np.array(values, np.float64))
    bins = bins_of(numbers)
    assert (np.diff(bins) >= 0).all()
    middles = middles_of(bins)
    assert (np.abs(middles - numbers) <= RELATIVE_ERROR * np.abs(numbers)).all()
    assert (bins_of(-numbers) == -bins).all()


@pytest.mark.parametrize("galaxies", [1, 2, 7, 2500])
def test_quantiles_are_those_of_numpy_within_the_stated_error(galaxies):
    predictions, labels = made_up(galaxies, offset=1e9)
    found = evaluate(predictions, labels)
    for name in TARGETS:
        residuals = np.sort(predictions[name] - labels[name])
        for level in QUANTILES:
            one = found.by_name[name, None, f"residual_q{round(100 * level):02d}"]
            place = level * (galaxies - 1)
            around = residuals[[int(np.floor(place)), int(np.ceil(place))]]
            bound = RELATIVE_ERROR * np.abs(around).max()
            assert abs(one.value - np.quantile(residuals, level)) <= bound
            assert galaxies == one.N
    assert RELATIVE_ERROR < 0.001


def test_quantile_intervals_are_near_those_of_a_bootstrap():
    predictions, labels = made_up()
    found = evaluate(predictions, labels)
    residuals = (predictions["mass"] - labels["mass"]).to_numpy()
    random = np.random.default_rng(0)
    drawn = [np.quantile(random.choice(residuals, len(residuals)), QUANTILES) for _ in range(1000)]
    expected = np.quantile(drawn, [0.025, 0.975], axis=0).T
    for level, (low, high) in zip(QUANTILES, expected, strict=True):
        one = found.by_name["mass", None, f"residual_q{round(100 * level):02d}"]
        width = high - low
        assert one.low == pytest.approx(low, abs=0.2 * width)
        assert one.high == pytest.approx(high, abs=0.2 * width)
    assert found.by_name["overall", None, "residual_q50"].low is None


def test_intervals_are_those_of_the_jackknife():
    predictions, labels = made_up(300, offset=1e9)
    found = evaluate(predictions, labels, seed=3)
    kept = left_out(labels["id"].tolist(), 3)
    columns = [
        np.array([frame[name] - 1e9 * (name == "mass") for frame in (predictions, labels)])
        for name in TARGETS
    ]

    def numbers(rows: Any) -> list[float]:
        r2 = [sklearn.r2_score(true[rows], guess[rows]) for guess, true in columns]
        return [np.mean(r2), *(np.corrcoef(both[:, rows])[0, 1] for both in columns)]

    whole, without = numbers(slice(None)), np.array([numbers(rows) for rows in kept])
    scales = [(lambda x: -np.log1p(-x), lambda y: 1 - np.exp(-y))] + [(np.arctanh, np.tanh)] * 2
    for number, key in enumerate([("overall", "r2"), ("mass", "pearson"), ("age", "pearson")]):
        one = found.by_name[key[0], None, key[1]]
        expected = students_interval(whole[number], without[:, number], *scales[number])
        assert [one.low, one.high] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("level", [0.05, 0.5])
@pytest.mark.parametrize("galaxies", [20, 100])
def test_quantile_intervals_are_order_statistics(level, galaxies):
    """Those between which binomial counts of lower values leave at least 95 %."""
    predictions, labels = made_up(galaxies)
    residuals = np.sort((predictions["mass"] - labels["mass"]).to_numpy())
    one = evaluate(predictions, labels).by_name["mass", None, f"residual_q{round(100 * level):02d}"]
    below = [k for k in range(galaxies) if binom.cdf(k, galaxies, level) <= 0.025]
    above = [k for k in range(galaxies) if binom.cdf(k, galaxies, 1 - level) <= 0.025]
    low = residuals[below[-1]] if below else None
    high = residuals[galaxies - 1 - above[-1]] if above else None
    assert one.low == (None if low is None else pytest.approx(low, rel=2e-3, abs=1e-9))
    assert one.high == (None if high is None else pytest.approx(high, rel=2e-3, abs=1e-9))


def test_constants_have_neither_r2_nor_correlation():
    ids = [str(number) for number in range(20)]
    values = np.linspace(1e9, 1e9 + 1, 20)
    wavy = pd.DataFrame({"id": ids, "label": values})
    flat = pd.DataFrame({"id": ids, "label": np.full(20, 1e9 + 0.1)})
    found = evaluate(flat, wavy, label="label")
    assert found.by_name["overall", None, "pearson"].value is None
    assert found.by_name["overall", None, "r2"].value is not None
    found = evaluate(wavy, flat, label="label")
    for metric in ("r2", "pearson"):
        one = found.by_name["overall", None, metric]
        assert one.value is one.low is one.high is None


@pytest.mark.parametrize("far", [1e3, 1e6, 1e12])
def test_predictions_far_off_have_a_right_correlation_or_none(far):
    predictions, labels = made_up()
    expected = pearsonr(predictions["mass"], labels["mass"]).statistic
    predictions["mass"] += far
    found = evaluate(predictions, labels).by_name["mass", None, "pearson"].value
    assert found is None or found == pytest.approx(expected, abs=1e-6)
    assert (found is None) == (far > 1e4)


def test_no_galaxies_have_no_numbers():
    predictions, labels = made_up(5)
    labels[TARGETS] = np.nan
    with pytest.warns(zoocli.ZoocliWarning):
        found = evaluate(predictions, labels)
    for one in found.metrics:
        assert one.value is one.low is one.high is None and one.N == 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_one_galaxy_has_no_interval():
    predictions, labels = made_up(1)
    found = evaluate(predictions, labels)
    assert {one.low for one in found.metrics} == {None}
    assert found.by_name["mass", None, "mae"].value is not None


def test_what_spreads_beyond_the_largest_square_has_neither_r2_nor_correlation():
    predictions, labels = made_up(20, scatter=1e160)
    predictions["mass"] = labels["mass"] * (1 + 1e-10)
    found = evaluate(predictions[["id", "mass"]], labels, loss="l1", label="mass")
    residuals = predictions["mass"] - labels["mass"]
    of = {one.metric: one.value for one in found.metrics}
    assert of["r2"] is of["pearson"] is None
    assert of["mae"] == pytest.approx(np.abs(residuals).mean())
    assert of["residual_q50"] == pytest.approx(np.quantile(residuals, 0.5), rel=2e-3)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions and labels, the predictions also shuffled and in three parts."""
    folder = tmp_path_factory.mktemp("values")
    predictions, labels = made_up(900, offset=1e9)
    labels.loc[::70, "mass"] = np.nan
    predictions.to_parquet(folder / "predictions.parquet")
    labels.sample(frac=1, random_state=1).to_parquet(folder / "labels-1.parquet")
    labels.to_parquet(folder / "labels.parquet")
    shuffled = predictions.sample(frac=1, random_state=0)
    shuffled.to_parquet(folder / "shuffled.parquet")
    for part in range(3):
        shuffled[300 * part : 300 * part + 300].to_parquet(folder / f"part-{part}.parquet")
    return folder


def command(
    data: Path,
    *arguments: object,
    predictions: str = "predictions.parquet",
    labels: str = "labels.parquet",
) -> str:
    targets = ("--label", "mass", "--label", "age", "-l", "mse")
    options = ("-q", *arguments)
    return done_well("evaluate", data / predictions, data / labels, *targets, *options).out


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"predictions": "shuffled.parquet"}, ()),
        ({"labels": "labels-1.parquet"}, ()),
        ({}, ("--batch-size", 37, "--threads", 3)),
        ({}, ("--threads", 1)),
    ],
)
def test_neither_order_nor_batches_nor_threads_change_a_number(data, files, options):
    expected = command(data, "--format", "csv")
    assert_same_numbers(command(data, "--format", "csv", *options, **files), expected)


def test_merged_parts_are_the_whole(data, tmp_path):
    for part, labels in enumerate(("labels.parquet", "labels-1.parquet", "labels.parquet")):
        name = f"part-{part}.parquet"
        command(data, "-o", tmp_path / f"{part}", predictions=name, labels=labels)
    folders = [tmp_path / f"{part}" for part in (2, 0, 1)]
    merged = done_well("merge", *folders, "-q", "--format", "csv").out
    assert_same_numbers(merged, command(data, "--format", "csv"))
    content = json.loads(done_well("merge", *folders, "-q", "--format", "json").out)
    whole = json.loads(command(data, "--format", "json"))
    for name in ("signature", "matching", "settings", "loss", "schema"):
        assert content[name] == whole[name]
    command(data, "-o", tmp_path / "x", "-l", "l1", predictions="part-0.parquet")
    done = run("merge", tmp_path / "x", tmp_path / "1")
    assert done.code == 3 and "loss ('l1' and 'mse')" in done.err


def test_the_table(data, tmp_path):
    table = command(data)
    for word in ("R2", "Pearson", "RMSE", "mass", "age", "loss:mse"):
        assert word in table
    command(data, "-o", tmp_path / "out")
    assert (tmp_path / "out" / "table.md").read_text() == command(data, "--format", "markdown")
    assert (tmp_path / "out" / "table.tex").read_text().count(r"\begin{tabular}") == 1


def test_sums_that_lack_an_array_are_called_damaged(data, tmp_path):
    import pyarrow.parquet as pq

    command(data, "-o", tmp_path / "out")
    path = tmp_path / "out" / "sums.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(0, len(table) // 2), path)
    done = run("merge", tmp_path / "out")
    assert done.code == 3 and "damaged" in done.err


def redshifts(galaxies: int = 3000, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Photometric redshifts with standard deviations, and a few that are quite wrong."""
    random = np.random.default_rng(seed)
    true = random.gamma(2, 0.3, galaxies)
    sigma = 0.03 * (1 + true)
    predicted = true + sigma * random.normal(size=galaxies) + 0.004
    wrong = random.random(galaxies) < 0.04
    predicted = np.where(wrong, np.abs(random.normal(size=galaxies)), predicted)
    ids = [f"galaxy {number}" for number in range(galaxies)]
    predictions = pd.DataFrame({"id": ids, "z_phot": predicted, "z_err": sigma})
    return predictions, pd.DataFrame({"id": ids, "z_spec": true})


REDSHIFT = {"label": "z_spec", "residual": "redshift"}


@pytest.mark.parametrize("limit", [None, 0.05])
def test_redshift_residuals_are_those_of_numpy_and_astropy(limit):
    astropy = pytest.importorskip("astropy.stats")
    predictions, labels = redshifts()
    found = evaluate(predictions, labels, **REDSHIFT, prediction="z_phot", outlier=limit)
    scaled = (predictions["z_phot"] - labels["z_spec"]) / (1 + labels["z_spec"])
    error = 2e-3 * np.abs(scaled).median()
    one = found.by_name["overall", None, "sigma_nmad"]
    assert one.value == pytest.approx(astropy.mad_std(scaled), abs=error)
    assert one.low < one.value < one.high and len(labels) == one.N
    one = found.by_name["overall", None, "bias_z"]
    assert one.value == pytest.approx(np.median(scaled), abs=error)
    one = found.by_name["overall", None, "outliers"]
    assert one.value == np.mean(np.abs(scaled) > (limit or 0.15))
    assert found.settings["outlier"] == (limit or 0.15)
    plane = found.density(0)
    assert plane is not None and plane.sum() == len(labels)
    assert (plane > 0).trace() > 20  # true against predicted, near the diagonal


def square_of(x: float, function: Callable[[float], float]) -> float:
    return function(x) ** 2


def test_uncertainties_are_those_of_numpy_and_of_numerical_integration():
    from scipy.integrate import quad
    from scipy.stats import norm

    predictions, labels = redshifts(300)
    predictions["z_err"] *= 0.5
    found = evaluate(predictions, labels, label="z_spec", sigma="z_err").by_name
    pull = (predictions["z_phot"] - labels["z_spec"]) / predictions["z_err"]
    expected = {
        "pull_mean": pull.mean(),
        "pull_width": pull.std(ddof=0),
        "coverage_68": np.mean(np.abs(pull) < 1),
        "coverage_95": np.mean(np.abs(pull) < norm.ppf(0.975)),
    }
    scores = []
    for p, s, y in zip(
        *predictions[["z_phot", "z_err"]].T.to_numpy(), labels["z_spec"], strict=True
    ):
        normal = norm(p, s)
        below = quad(square_of, min(p, y) - 12 * s, y, (normal.cdf,), points=[p])[0]
        above = quad(square_of, y, max(p, y) + 12 * s, (normal.sf,), points=[p])[0]
        scores.append(below + above)
    for metric, value in expected.items():
        assert found["overall", None, metric].value == pytest.approx(value, rel=1e-9), metric
    assert found["overall", None, "crps"].value == pytest.approx(np.mean(scores), rel=1e-6)
    assert found["overall", None, "pull_width"].low > 1


def test_a_standard_deviation_for_each_target():
    predictions, labels = made_up(200)
    predictions["mass_err"], predictions["age_err"] = 0.3, 0.1 * labels["age"]
    several = evaluate(predictions, labels, prediction=TARGETS, sigma=["mass_err", "age_err"])
    alone = evaluate(predictions[["id", "age", "age_err"]], labels, label="age", sigma="age_err")
    for metric in ("pull_mean", "pull_width", "crps", "coverage_68"):
        one, other = several.by_name["age", None, metric], alone.by_name["overall", None, metric]
        assert one.value == pytest.approx(other.value, rel=1e-14)
        both = [several.by_name[name, None, metric].value for name in TARGETS]
        mean = several.by_name["overall", None, metric].value
        assert mean == pytest.approx(np.mean(both), rel=1e-14)
    with pytest.raises(zoocli.errors.UsageError, match="1 columns of sigma= for 2"):
        evaluate(predictions, labels, prediction=TARGETS, sigma="mass_err")


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_bad_standard_deviations(bad):
    predictions, labels = redshifts(100)
    predictions.loc[7, "z_err"] = bad
    with pytest.raises(zoocli.errors.DataError, match=r"z_err.*galaxy 7"):
        evaluate(predictions, labels, label="z_spec", sigma="z_err")
    found = evaluate(predictions, labels, label="z_spec", sigma="z_err", on_invalid="null")
    assert found.by_name["overall", None, "crps"].N == 99
    assert found.by_name["overall", None, "rmse"].N == 100


def test_redshifts_of_text_files_in_parts(tmp_path):
    """As a user types it; the parts of an array job add up to the whole."""
    predictions, labels = redshifts(400)
    predictions.to_csv(tmp_path / "p.csv", index=False)
    labels.to_csv(tmp_path / "y.csv", index=False)
    given = [str(tmp_path / name) for name in ("p.csv", "y.csv")]
    given += ["-l", "mse", "--label", "z_spec", "--residual", "redshift", "--sigma", "z_err"]
    done_well("evaluate", *given, "-o", str(tmp_path / "whole"), "--no-report")
    for part in (1, 2):
        folder = str(tmp_path / f"part{part}")
        done_well("evaluate", *given, "-o", folder, "--shard", f"{part}/2")
    parts = [str(tmp_path / "part1"), str(tmp_path / "part2")]
    merged = done_well("merge", *parts, "--format", "csv").out
    assert_same_numbers(merged, (tmp_path / "whole" / "metrics.csv").read_text())
    said = done_well("evaluate", *given, "-f", "sentence").out
    assert "sigma_NMAD" in said and "% of outliers" in said


def test_options_of_redshifts_that_do_not_belong():
    predictions, labels = redshifts(20)
    with pytest.raises(zoocli.errors.UsageError, match="outlier"):
        evaluate(predictions, labels, label="z_spec", outlier=0.1)
    with pytest.raises(zoocli.errors.UsageError, match="residual"):
        zoocli.evaluate(predictions, labels, loss="ce", residual="redshift")
