"""The script that people run today: pandas, a merge, Zoobot's loss in float32, pandas.

python -m benchmarks.peer PREDICTIONS VOTES OUTPUT
"""

from __future__ import annotations

import sys

import pandas as pd
import torch

from benchmarks.zoobot import load_losses

BATCH = 8192
ID = "id_str"


def read(path: str) -> pd.DataFrame:
    if path.endswith(".csv"):
        return pd.read_csv(path, dtype={ID: str})
    return pd.read_parquet(path)


def write(table: pd.DataFrame, path: str) -> None:
    if path.endswith(".csv"):
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)


def main(predictions_path: str, votes_path: str, output: str) -> None:
    from zoocli.schema import load_schema  # for the names of the columns alone

    schema = load_schema("decals-dr5-ortho")
    answers = schema.label_cols
    merged = read(predictions_path).merge(read(votes_path), on=ID, suffixes=("_pred", ""))
    concentrations = torch.from_numpy(
        merged[[f"{answer}_pred" for answer in answers]].to_numpy(dtype="float32")
    )
    counts = torch.from_numpy(merged[answers].to_numpy(dtype="float32"))
    losses = load_losses()
    loss = losses.CustomMultiQuestionLoss(
        schema.question_answer_pairs, losses.get_dirichlet_neg_log_prob
    )
    parts = []
    for start in range(0, len(merged), BATCH):
        targets = dict(zip(answers, counts[start : start + BATCH].T, strict=True))
        parts.append(loss(concentrations[start : start + BATCH], targets))
    values = torch.cat(parts).numpy()
    table = pd.DataFrame({ID: merged[ID], "loss": values.sum(axis=1)})
    for number, question in enumerate(schema.questions):
        table[f"{question.name}_loss"] = values[:, number]
        names = [answer.name for answer in question.answers]
        table[f"{question.name}_total-votes"] = merged[names].sum(axis=1)
    write(table, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
