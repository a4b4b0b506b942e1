"""`zoocli predict`: features through a linear head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch

import zoocli
from tests.command import Done, done_well, read, run, write, write_tree
from tests.devices import DEVICES
from zoocli.errors import DataError, UsageError
from zoocli.foundation.hashing import hash_ids
from zoocli.heads import LinearHead
from zoocli.heads.activations import ACTIVATIONS
from zoocli.heads.dropout import scaled_mask
from zoocli.heads.files import HeadMetadata, TrainedHead, read_head, write_head
from zoocli.products.conversion import aligned

GALAXIES, FEATURES = 2_500, 12
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(1, 2, (GALAXIES, FEATURES)).astype(np.float32)
W = RANDOM.normal(0, 0.4, (5, FEATURES)).astype(np.float32)
B = RANDOM.normal(0, 1, 5).astype(np.float32)
IDS = [f"g{number}" for number in range(GALAXIES)]
NAMES = ("a", "b", "c", "d", "e")
LOGITS = X.astype(np.float64) @ W.T.astype(np.float64) + B.astype(np.float64)


def features(rows: Any = slice(None), name: str = "feat_{}") -> pa.Table:
    """The columns stand in another order than their numbers."""
    columns = {name.format(number): X[rows, number] for number in reversed(range(FEATURES))}
    return pa.table({"id": IDS[rows]} | columns)


def lists(kind: pa.DataType) -> pa.Table:
    values = pa.array([row.tolist() for row in X.astype(np.float64)]).cast(kind)
    return pa.table({"id": IDS, "representation": values})


def save_head(path: Path, **metadata: Any) -> Path:
    head = LinearHead(FEATURES, len(NAMES))
    head.load_state_dict({"linear.weight": torch.tensor(W), "linear.bias": torch.tensor(B)})
    write_head(path, head, HeadMetadata(**metadata))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    write(folder / "features.parquet", features())
    save_head(folder / "bare.safetensors")
    save_head(folder / "head.safetensors", activation="none", outputs=NAMES, dropout=0.25)
    return folder


def outputs(table: pa.Table) -> np.ndarray:
    return np.stack([table[name].to_numpy() for name in NAMES], axis=1)


def predict(folder: Path, *more: object, head: str = "head.safetensors") -> Done:
    return run("predict", folder / "features.parquet", "--head", folder / head, *more)


def by_hand(name: str) -> np.ndarray:
    sigmoid = 1 / (1 + np.exp(-LOGITS))
    exponential = np.exp(LOGITS - LOGITS.max(axis=1, keepdims=True))
    return {
        "none": LOGITS,
        "sigmoid": sigmoid,
        "softmax": exponential / exponential.sum(axis=1, keepdims=True),
        "dirichlet": 100 * sigmoid + 1,
    }[name]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_are_those_of_ten_lines_of_numpy(
    activation: str, device: str, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "p.parquet"
    done_well(
        "predict", folder / "features.parquet", "--head", folder / "bare.safetensors", "-o", target,
        "--activation", activation, "--classes", ",".join(NAMES), "--device", device,
    )  # fmt: skip
    table = read(target)
    assert table.column_names == ["id", *NAMES]
    assert table["id"].to_pylist() == IDS
    np.testing.assert_allclose(outputs(table), by_hand(activation), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), FEATURES)],
    ids=str,
)
def test_a_column_of_lists_gives_the_same(kind: pa.DataType, folder: Path) -> None:
    table = zoocli.predict(lists(kind), folder / "head.safetensors")
    np.testing.assert_allclose(outputs(table), LOGITS, rtol=1e-12, atol=1e-13)
    part = zoocli.predict(lists(kind).slice(7, 20), folder / "head.safetensors")
    np.testing.assert_allclose(outputs(part), LOGITS[7:27], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("suffix", ["csv", "feather", "csv.gz"])
def test_other_formats_give_the_same(suffix: str, folder: Path, tmp_path: Path) -> None:
    source = write(tmp_path / f"features.{suffix}", features())
    table = zoocli.predict(source, folder / "head.safetensors")
    np.testing.assert_allclose(outputs(table), LOGITS, atol=1e-5)  # of 32 bits in decimals


def test_patterns_choose_columns_in_natural_order(folder: Path) -> None:
    table = features(name="x_{}_y").append_column("feat_0", pa.array(np.zeros(GALAXIES)))
    whole = zoocli.predict(table, folder / "head.safetensors", feature="x_*")
    np.testing.assert_allclose(outputs(whole), LOGITS, rtol=1e-12, atol=1e-13)
    names = [f"x_{number}_y" for number in range(FEATURES)]
    parts = zoocli.predict(table, folder / "head.safetensors", feature=["x_?_y", *names[10:]])
    assert parts.equals(whole)


def test_a_column_that_looks_like_a_pattern_is_found_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "head.pt"
    torch.save({"linear.weight": torch.ones(1, 1), "linear.bias": torch.zeros(1)}, file)
    table = pa.table({"id": ["a"], "x[0]": [3.0], "x0": [4.0]})
    done = zoocli.predict(table, file, feature="x[0]", classes="y", activation="none")
    assert done["y"].to_pylist() == [3.0]


def test_columns_are_kept_and_ids_keep_their_type(folder: Path) -> None:
    table = features().set_column(0, "objid", pa.array(np.arange(GALAXIES) + 2**60))
    table = table.append_column("note", pa.array(["é"] * GALAXIES))
    done = zoocli.predict(table, folder / "head.safetensors", keep="note")
    assert done.column_names == ["objid", "note", *NAMES]
    assert done["objid"].equals(table["objid"])


def test_several_parts_are_one_table(folder: Path) -> None:
    parts = [features(slice(0, 1000)), features(slice(1000, None))]
    whole = zoocli.predict(features(), folder / "head.safetensors")
    assert zoocli.predict(parts, folder / "head.safetensors").equals(whole)


HOW = {
    "one thread": ("--threads", 1),
    "small batches": ("--threads", 2, "--batch-size", 97),
    "large batches": ("--threads", 2, "--batch-size", 100_000),
    "little memory": ("--threads", 2, "--memory-limit", "606MB"),
}


@pytest.mark.parametrize("samples", [(), ("--samples", 3)], ids=["plain", "samples"])
@pytest.mark.parametrize("format", ["csv", "parquet", "feather", "jsonl"])
def test_the_same_bytes_however_the_work_is_cut_up(
    samples: tuple[object, ...], format: str, folder: Path, tmp_path: Path
) -> None:
    written = []
    for number, how in enumerate(HOW.values()):
        target = tmp_path / f"{number}.{format}"
        assert predict(folder, *samples, *how, "-o", target).code == 0
        written.append(target.read_bytes())
    assert len(written[0]) > 10_000
    assert set(written) == {written[0]}


def test_row_groups_do_not_matter(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "features.parquet"
    pq.write_table(features(), source, row_group_size=173)
    whole = zoocli.predict(features(), folder / "head.safetensors", samples=2)
    assert zoocli.predict(source, folder / "head.safetensors", samples=2).equals(whole)


def test_pieces_of_a_table_change_no_digit(tmp_path: Path) -> None:
    # Of so large a product the last digits depend on how many rows are multiplied at once.
    x = RANDOM.normal(size=(2_200, 301))
    table = pa.table({"id": IDS[: len(x)], "x": pa.FixedSizeListArray.from_arrays(x.ravel(), 301)})
    names = [f"y{number}" for number in range(34)]
    write_head(tmp_path / "h", LinearHead(301, 34), HeadMetadata("none", tuple(names)))
    whole = zoocli.predict(table, tmp_path / "h")
    pieces = pa.concat_tables([table.slice(start, 97) for start in range(0, len(x), 97)])
    assert zoocli.predict(pieces, tmp_path / "h", batch_size=1024).equals(whole)


def test_passes_are_lists_in_every_format(folder: Path, tmp_path: Path) -> None:
    tables = {}
    for suffix in ("parquet", "feather", "csv"):
        target = tmp_path / f"p.{suffix}"
        assert predict(folder, "--samples", 3, "--seed", 9, "-o", target).code == 0
        tables[suffix] = read(target)
    assert tables["parquet"]["a"].type == pa.list_(pa.float64(), 3)
    assert tables["feather"].equals(tables["parquet"])
    cells = tables["parquet"]["c"].to_pylist()
    assert [json.loads(cell) for cell in tables["csv"]["c"].to_pylist()] == cells
    done = predict(folder, "--samples", 3, "--seed", 9, "-f", "jsonl")
    assert [json.loads(line)["c"] for line in done.out.splitlines()] == cells


def test_passes_are_scored_as_a_mixture(folder: Path, tmp_path: Path) -> None:
    tree = write_tree(tmp_path)
    head = save_head(tmp_path / "head.safetensors", activation="dirichlet", dropout=0.5)
    source = folder / "features.parquet"
    table = zoocli.predict(source, head, schema=tree, samples=4)
    votes = pa.table({"id": IDS} | {name: [2] * GALAXIES for name in table.column_names[1:]})
    mixture = zoocli.score(table, votes, schema=tree)["loss"].to_numpy()
    single = zoocli.score(zoocli.predict(source, head, schema=tree), votes, schema=tree)
    assert np.isfinite(mixture).all()
    assert 0.1 < np.abs(mixture - single["loss"].to_numpy()).max() < 50


def passes(folder: Path, seed: int = 0, samples: int = 400, rows: Any = slice(0, 20)) -> np.ndarray:
    table = zoocli.predict(features(rows), folder / "head.safetensors", samples=samples, seed=seed)
    return np.array([table[name].to_pylist() for name in NAMES]).transpose(1, 0, 2)


def test_passes_have_the_mean_and_variance_of_dropout(folder: Path) -> None:
    many = passes(folder, samples=4_000)
    x, w = X[:20].astype(np.float64), W.astype(np.float64)
    variance = np.square(x[:, None, :] * w).sum(axis=2) * 0.25 / 0.75
    error = np.sqrt(variance / 4_000)
    assert (np.abs(many.mean(axis=2) - LOGITS[:20]) < 5 * error).all()
    np.testing.assert_allclose(many.var(axis=2), variance, rtol=0.25)


def test_passes_follow_from_seed_and_id_alone(folder: Path) -> None:
    first = passes(folder)
    np.testing.assert_allclose(passes(folder, rows=slice(10, 20)), first[10:], rtol=1e-12)
    np.testing.assert_allclose(passes(folder, samples=7), first[:, :, :7], rtol=1e-12)
    other = passes(folder, seed=1)
    assert np.isclose(other, first, rtol=1e-6).all(axis=1).mean() < 0.05  # few masks are alike
    assert len(np.unique(first[0, 0])) > 100


def test_masks_drop_their_share_independently() -> None:
    hashes = hash_ids(pa.array(IDS))
    masks = np.stack([scaled_mask(hashes, 3, number, 101, 0.3) for number in range(6)])
    assert set(np.unique(masks)) == {0.0, 65536 / (65536 - round(0.3 * 65536))}
    dropped = masks == 0
    for axes in ((0, 1), (0, 2), (1, 2)):
        share = dropped.mean(axis=axes)
        count = dropped.size / share.size
        assert (np.abs(share - 0.3) < 5 * np.sqrt(0.21 / count)).all()
    correlation = np.corrcoef(dropped.transpose(0, 2, 1).reshape(-1, GALAXIES))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 6 / np.sqrt(GALAXIES)


def test_what_the_head_says_is_the_default(tmp_path: Path) -> None:
    schema = zoocli.load_schema("gz-rings")
    head = LinearHead(FEATURES, 2)
    metadata = HeadMetadata(
        activation="dirichlet",
        outputs=tuple(schema.label_cols),
        schema=schema.name,
        schema_hash=schema.content_hash,
    )
    write_head(tmp_path / "head.safetensors", head, metadata)
    table = zoocli.predict(features(), tmp_path / "head.safetensors")
    assert table.column_names == ["id", *schema.label_cols]
    assert pc.min(table["ring_yes"]).as_py() > 1
    named = zoocli.predict(
        features(), tmp_path / "head.safetensors", schema="gz-rings", activation="dirichlet"
    )
    assert named.equals(table)
    written = json.loads(table.schema.metadata[b"zoocli"])["settings"]
    assert (written["activation"], written["schema"]) == ("dirichlet", "gz-rings")
    with pytest.raises(UsageError, match="was trained for the schema 'gz-rings'"):
        zoocli.predict(features(), tmp_path / "head.safetensors", schema="decals-dr5-ortho")


@pytest.mark.parametrize(
    ("head", "options", "code", "message"),
    [
        ("bare", ("--classes", "a,b,c,d,e"), 2, "Say --activation"),
        ("bare", ("--activation", "none"), 2, "Name them with --schema or --classes"),
        ("bare", ("--activation", "none", "--classes", "a,b"), 3, "5 outputs, but 2 are named"),
        ("bare", ("--activation", "none", "-s", "gz-rings"), 3, "5 outputs, but 2 are named"),
        ("bare", ("--activation", "relu"), 2, "relu"),
        ("bare", ("--classes", "a", "-s", "gz-rings"), 2, "Give one of them"),
        ("bare", ("--classes", "a,b,c,d,d"), 2, "more than once"),
        ("head", ("--activation", "softmax"), 2, "softmax contradicts that"),
        ("head", ("--classes", "a,b,c,e,d"), 2, "contradict that"),
        ("head", ("--samples", 2, "--dropout", 0.5), 2, "0.5 contradicts that"),
        ("head", ("--dropout", 0.25), 2, "needs --samples"),
        ("head", ("--samples", 2, "--dropout", 1), 2, "above 0 and below 1"),
        ("head", ("--samples", 0), 2, "at least 1 and at most 10,000"),
        ("head", ("--samples", 2, "--seed", -1), 2, "--seed"),
        ("head", ("--batch-size", 0), 2, "at least 1"),
        ("head", ("--keep", "absent"), 3, "no column 'absent'"),
        ("head", ("--id", "absent"), 3, "no column 'absent'"),
        ("head", ("--feature", "y_*"), 3, "no column like --feature 'y_*'"),
        ("head", ("--feature", "feat_?"), 3, "takes 12 features, but"),
        ("head", ("--keep", "id"), 2, "more than one column called 'id'"),
        ("head", ("--device", "tpu"), 2, "--device"),
        ("head", ("--memory-limit", "601MB"), 4, "Raise --memory-limit"),
    ],
)
def test_what_cannot_be_is_refused(
    head: str, options: tuple[object, ...], code: int, message: str, folder: Path
) -> None:
    done = predict(folder, *options, "-o", folder / "none.csv", head=f"{head}.safetensors")
    assert done.code == code, done.err
    assert message in done.err
    assert not (folder / "none.csv").exists()


def test_samples_without_a_rate_are_refused(folder: Path) -> None:
    options = ("--activation", "none", "--classes", "a,b,c,d,e", "--samples", 2, "-o", "-")
    done = predict(folder, *options, head="bare.safetensors")
    assert (done.code, "Say --dropout" in done.err) == (2, True)
    assert predict(folder, *options, "--dropout", 0.5, head="bare.safetensors").code == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_features_that_are_not_finite_are_refused_with_their_ids(bad: Any, folder: Path) -> None:
    table = features()
    for column, rows in (("feat_3", (5, 1700)), ("feat_7", (5,))):
        values = table[column].to_pylist()
        for row in rows:
            values[row] = bad
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array(values, pa.float32()))
    with pytest.raises(DataError) as error:
        zoocli.predict(table, folder / "head.safetensors")
    assert "2 galaxies with features that are missing, NaN or infinite" in str(error.value)
    assert "'feat_3', 'feat_7'" in str(error.value)
    assert "'g5', 'g1700'" in str(error.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1.0] * 11, "1 galaxy with lists of features with another length"),
        ([1.0] * 11 + [None], "1 galaxy with features that are missing"),
        (None, "1 galaxy with features that are missing"),
    ],
)
def test_lists_that_are_odd_are_refused_with_their_ids(
    row: Any, message: str, folder: Path
) -> None:
    rows = [[1.0] * FEATURES] * 3
    rows[1] = row
    table = pa.table({"id": ["p", "q", "r"], "x": pa.array(rows, pa.list_(pa.float64()))})
    with pytest.raises(DataError, match=rf"{message}.* first ids 'q'"):
        zoocli.predict(table, folder / "head.safetensors")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"], "other": [1.0]}, "no columns feat_0, feat_1 and so on"),
        ({"id": ["a"], "x": [[1.0]], "y": [[1.0]]}, "2 columns of lists"),
        ({"name": ["a"], "feat_0": [1.0]}, "No id column"),
        (
            {"id": ["a"]} | {f"feat_{number}": ["x"] for number in range(FEATURES)},
            "should hold numbers",
        ),
        ({"id": ["a"], "feat_0": [[1.0]], "feat_1": [1.0]}, "one column of lists or several"),
    ],
)
def test_tables_without_features_are_refused(columns: Any, message: str, folder: Path) -> None:
    with pytest.raises(DataError, match=message):
        zoocli.predict(pa.table(columns), folder / "head.safetensors")


def test_no_rows_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        zoocli.predict(features().slice(0, 0), folder / "head.safetensors")


def test_a_pipe_gets_csv_and_a_terminal_a_question(folder: Path) -> None:
    assert predict(folder).out.startswith("id,a,b,c,d,e\n")
    done = run(
        "predict", folder / "features.parquet", "--head", folder / "head.safetensors", terminal=True
    )
    assert (done.code, done.out, "-o FILE" in done.err) == (2, "", True)


def test_inputs_are_never_overwritten(folder: Path) -> None:
    before = (folder / "head.safetensors").read_bytes()
    done = predict(folder, "-f", "csv", "-o", folder / "head.safetensors")
    assert (done.code, "also an input" in done.err) == (2, True)
    assert (folder / "head.safetensors").read_bytes() == before


def test_features_may_come_through_a_pipe(folder: Path) -> None:
    content = (folder / "features.parquet").read_bytes()
    done = run("predict", "-", "--head", folder / "head.safetensors", stdin=content)
    assert done.out == predict(folder).out


def test_the_random_numbers_of_others_are_left_alone(folder: Path) -> None:
    state = torch.random.get_rng_state()
    zoocli.predict(features(), folder / "head.safetensors", samples=2)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_unknown_options_of_the_function_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="no option 'sample'"):
        zoocli.predict(features(), folder / "head.safetensors", sample=3)


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_aligned_batches_hold_the_same_rows(rows: int) -> None:
    table = features(slice(0, 10))
    batches = [table.slice(0, 4), table.slice(4, 0), table.slice(4, 1), table.slice(5)]
    parts = [batch for one in batches for batch in one.to_batches()]
    cut = list(aligned(parts, rows))
    assert [batch.num_rows for batch in cut[:-1]] == [rows] * (len(cut) - 1)
    assert pa.Table.from_batches(cut).equals(table.combine_chunks())


@pytest.mark.parametrize("options", [(), ("--samples", 3)], ids=["one", "passes"])
@pytest.mark.parametrize("count", [2, 7])
def test_shards_are_the_whole(
    count: int, options: tuple[object, ...], folder: Path, tmp_path: Path
) -> None:
    """To the last digit, though shards begin and end within the blocks of rows that go together."""
    assert predict(folder, "-o", tmp_path / "whole.parquet", *options).code == 0
    tables = []
    for number in range(1, count + 1):
        output = tmp_path / f"{number}.parquet"
        done = predict(folder, "-o", output, "--shard", f"{number}/{count}", *options)
        assert done.code == 0, done.err
        tables.append(read(output))
    assert pa.concat_tables(tables).equals(read(tmp_path / "whole.parquet"))


def test_a_file_says_which_head_and_which_shard(folder: Path, tmp_path: Path) -> None:
    """The head by its weights: the same in a copy, others in another head."""
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes((folder / "head.safetensors").read_bytes())
    few, output = write(tmp_path / "few.parquet", features(slice(0, 4))), tmp_path / "o.parquet"
    settings = []
    for head, shard in ((folder / "head.safetensors", None), (copy, "2/3")):
        done_well("predict", few, "--head", head, "-o", output, *shard_option(shard))
        written = pq.read_metadata(output)
        about = json.loads(written.metadata[b"zoocli"])
        assert (about["shard"], about["galaxies"]) == (shard, written.num_rows)
        settings.append(about["settings"])
    assert settings[0]["head_hash"] == settings[1]["head_hash"]
    changed = TrainedHead("copy", 2 * read_head(copy).weight, read_head(copy).bias)
    assert changed.content_hash != settings[0]["head_hash"]


def shard_option(shard: str | None) -> tuple[str, ...]:
    return () if shard is None else ("--shard", shard)


def test_more_shards_than_rows(folder: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few.parquet", features(slice(0, 2)))
    heights = []
    for number in (1, 2, 3):
        options = ("-o", tmp_path / "out.parquet", "--shard", f"{number}/3")
        done_well("predict", few, "--head", folder / "head.safetensors", *options)
        heights.append(read(tmp_path / "out.parquet").num_rows)
    assert heights == [0, 1, 1]


def test_a_bad_feature_is_counted_in_its_own_shard_alone(folder: Path, tmp_path: Path) -> None:
    table = features()
    position = table.schema.get_field_index("feat_3")
    values = table["feat_3"].to_pylist()
    values[1300] = float("nan")
    bad = write(tmp_path / "bad.parquet", table.set_column(position, "feat_3", [values]))
    arguments = ("predict", bad, "--head", folder / "head.safetensors", "-o", tmp_path / "o.csv")
    done = run(*arguments, "--shard", "2/2")  # row 1300 is in it
    assert done.code == 3 and " 1 " in done.err and "g1300" in done.err
    done_well(*arguments, "--shard", "1/2")  # whose last block has it, too


def test_floats_as_ids_are_known_to_every_shard(folder: Path, tmp_path: Path) -> None:
    table = features().set_column(0, "id", [[f"{row}.0" for row in range(GALAXIES)]])
    numbered = write(tmp_path / "numbered.csv", table)
    arguments = ("predict", numbered, "--head", folder / "head.safetensors")
    done_well(*arguments, "-o", tmp_path / "o.csv", "--shard", "2/2")
    assert (tmp_path / "o.csv").read_text().splitlines()[1].startswith(f"{GALAXIES // 2},")
