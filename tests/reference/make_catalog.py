"""Writes catalog.json: the tables that Zoobot's own code makes of concentrations.

Needs pandas, pyarrow, scipy and h5py and, in an environment of its own,
`pip install --no-deps zoobot==2.9.0 galaxy-datasets==0.0.25`:

    python -m tests.reference.make_catalog

One pass goes through `prediction_csv_to_summary_parquet`; several go through the function that it
calls, which takes them as a third dimension.
"""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

SEED = 31
GALAXIES = 12
PASSES = 4
QUESTION_ANSWER_PAIRS = {
    "smooth-or-featured": ["_smooth", "_featured-or-disk", "_artifact"],
    "disk-edge-on": ["_yes", "_no"],
    "bar": ["_strong", "_weak", "_no"],
}
DEPENDENCIES = {
    "smooth-or-featured": None,
    "disk-edge-on": "smooth-or-featured_featured-or-disk",
    "bar": "disk-edge-on_no",
}


def main():
    # Not at the top: whoever only collects the tests has no zoobot.
    import numpy as np
    import pandas as pd
    import scipy

    from benchmarks.zoobot import load_catalogues

    load_predictions, schemas = load_catalogues()
    schema = schemas.Schema(QUESTION_ANSWER_PAIRS, DEPENDENCIES)
    random = np.random.default_rng(SEED)
    answers = len(schema.label_cols)
    # Zoobot's range, most of it near the lower end, and galaxies whose disks are likely enough.
    concentrations = 1 + 100 * random.random((GALAXIES, answers, PASSES)) ** 3
    concentrations[::2, [1, 4]] += 60
    concentrations = concentrations.round(4)

    ids = pd.DataFrame({"id_str": [f"g{number}" for number in range(GALAXIES)]})
    first = pd.DataFrame(concentrations[:, :, 0], columns=schema.label_cols)
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/catalogue.parquet"
        one = load_predictions.prediction_csv_to_summary_parquet(
            pd.concat([ids, first], axis=1), place, schema
        )
        several = load_predictions.concentrations_to_summary_parquet(
            place, schema, ids, concentrations, schema.label_cols
        )
    one, several = (
        [table.drop(columns=["id_str", *schema.label_cols], errors="ignore") for table in tables]
        for tables in (one, several)
    )
    content = {
        "source": f"zoobot {version('zoobot')}, scipy {scipy.__version__}, make_catalog.py, "
        f"seed {SEED}",
        "question_answer_pairs": QUESTION_ANSWER_PAIRS,
        "dependencies": DEPENDENCIES,
        "concentrations": concentrations.tolist(),
        "columns": [list(table.columns) for table in one],
        "one_pass": [_cells(table) for table in one],
        "several_passes": [_cells(table) for table in several],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    Path(__file__).with_name("catalog.json").write_text("{" + ",\n".join(lines) + "}\n")


def _cells(table):
    """Rows of cells, rounded to what the comparison needs; NaN is null."""
    return [
        [None if cell != cell else round(cell, 10) for cell in row]
        for row in table.to_numpy().tolist()
    ]


if __name__ == "__main__":
    main()
