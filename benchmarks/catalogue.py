"""What people run today for a catalogue: Zoobot's own function, on the first ROWS galaxies.

    python -m benchmarks.catalogue PREDICTIONS ROWS OUTPUT

It writes both tables, and one of them as CSV too.
"""

from __future__ import annotations

import sys

import pandas as pd

from benchmarks.zoobot import load_catalogues


def main(predictions: str, rows: str, output: str) -> None:
    from zoocli.schema import load_schema  # for the names of the columns alone

    load_predictions, schemas = load_catalogues()
    schema = schemas.Schema(**load_schema("decals-dr5-ortho").zoobot_dicts())
    galaxies = (
        pd.read_parquet(predictions)
        .head(int(rows))
        .astype(dict.fromkeys(schema.label_cols, "float64"))
    )
    load_predictions.prediction_csv_to_summary_parquet(galaxies, output, schema)


if __name__ == "__main__":
    main(*sys.argv[1:])
