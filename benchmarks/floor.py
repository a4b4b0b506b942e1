"""The floor: pyarrow reads both files and writes a table shaped like the scores, and no more.

python -m benchmarks.floor PREDICTIONS VOTES OUTPUT
"""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.parquet as pq

QUESTIONS = 10


def main(predictions_path: str, votes_path: str, output: str) -> None:
    votes = pq.read_table(votes_path)
    total_votes = votes.column(1).cast(pa.int32()).combine_chunks()
    fields = [("id_str", pa.string()), ("loss", pa.float64())]
    for question in range(QUESTIONS):
        fields += [(f"{question}_loss", pa.float64()), (f"{question}_total-votes", pa.int32())]
    schema = pa.schema(fields)
    row = 0
    with pq.ParquetWriter(output, schema, use_dictionary=False) as writer:
        for batch in pq.ParquetFile(predictions_path).iter_batches(131_072):
            loss = batch.column(1).cast(pa.float64())
            # Where there are fewer votes than predictions, the same totals serve again.
            start = row % max(1, len(total_votes) - len(batch))
            votes_here = total_votes.slice(start, len(batch))
            if len(votes_here) < len(batch):
                votes_here = pa.array([0] * len(batch), pa.int32())
            arrays = [batch.column(0), loss, *([loss, votes_here] * QUESTIONS)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            row += len(batch)


if __name__ == "__main__":
    main(*sys.argv[1:])
