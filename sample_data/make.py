"""Makes the files of this folder again: python sample_data/make.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from zoocli.products.simulation import simulate

FOLDER = Path(__file__).parent
GALAXIES, VOTED, SEED = 400, 380, 7
FEATURES, NOISE = 64, 0.5
FIRST_QUESTION = "smooth-or-featured-dr5"
CLASSES = ["smooth", "featured-or-disk", "artifact"]


def main() -> None:
    for format in ("parquet", "csv"):
        simulate(
            FOLDER,
            schema="decals-dr5-ortho",
            galaxies=GALAXIES,
            seed=SEED,
            voted=VOTED,
            format=format,
            blur=[0.3],
        )
    columns = [f"{FIRST_QUESTION}_{name}" for name in CLASSES]
    predictions = pq.read_table(FOLDER / "predictions.parquet", columns=["id_str", *columns])
    votes = pq.read_table(FOLDER / "votes.parquet", columns=["id_str", *columns])
    write_classification(predictions, votes, columns)
    write_regression(predictions, votes, columns)
    write_features()


def write_classification(predictions: pa.Table, votes: pa.Table, columns: list[str]) -> None:
    """Logits of three classes; the label is the answer with most votes."""
    logits = {
        name: pc.ln(predictions[column]) for name, column in zip(CLASSES, columns, strict=True)
    }
    counts = np.stack([votes[column].to_numpy() for column in columns], axis=1)
    labels = [CLASSES[best] for best in counts.argmax(axis=1)]
    write_csv(pa.table({"id_str": predictions["id_str"], **logits}), "class-predictions")
    write_csv(pa.table({"id_str": votes["id_str"], "label": labels}), "class-labels")


def write_regression(predictions: pa.Table, votes: pa.Table, columns: list[str]) -> None:
    """The fraction of votes for a featured galaxy, expected and counted."""
    for table, name, column in (
        (predictions, "value-predictions", "predicted-fraction"),
        (votes, "value-labels", "label"),
    ):
        numbers = np.stack([table[answer].to_numpy() for answer in columns], axis=1).astype(float)
        fraction = numbers[:, 1] / numbers.sum(axis=1)
        write_csv(pa.table({"id_str": table["id_str"], column: fraction}), name)


def write_features() -> None:
    """What an encoder might have seen: mixtures of what the true concentrations go by, and noise.

    A concentration is 100 sigmoid(x) + 1 of some x, so a linear head can find the x again.
    """
    predictions = pq.read_table(FOLDER / "predictions.parquet")
    concentrations = np.stack([column.to_numpy() for column in predictions.columns[1:]], axis=1)
    share = np.clip((concentrations.astype(float) - 1) / 100, 0.005, 0.995)
    truth = np.log(share / (1 - share))
    truth = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    random = np.random.default_rng(SEED)
    mixing = random.normal(0, truth.shape[1] ** -0.5, (truth.shape[1], FEATURES))
    features = truth @ mixing + random.normal(0, NOISE, (len(truth), FEATURES)) + 1
    names = [f"feat_{number}" for number in range(FEATURES)]
    columns = dict(zip(names, features.T.astype(np.float32), strict=True))
    table = pa.table({"id_str": predictions["id_str"], **columns})
    pq.write_table(table, FOLDER / "features.parquet", use_dictionary=False)


def write_csv(table: pa.Table, name: str) -> None:
    pa_csv.write_csv(table, FOLDER / f"{name}.csv", pa_csv.WriteOptions(quoting_style="needed"))


if __name__ == "__main__":
    main()
