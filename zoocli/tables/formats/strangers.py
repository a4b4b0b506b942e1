"""Files that are no tables, told by their first bytes, and what to do with each."""

from __future__ import annotations

from zoocli.errors import DataError

FIRST_BYTES = 512
# The first bytes (in lower case, for text after blanks), what the file is, and what to do.
BINARY = (
    (b"PK\x03\x04", "a zip archive, as .xlsx and .npz files are", "Save the table in it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save the sheet as CSV"),
    (
        b"\x93NUMPY",
        "a numpy array without names of columns",
        "Write it as a table, such as Parquet",
    ),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV"),
    (b"%PDF", "a PDF document", "Give the table itself"),
    (b"\x89PNG", "an image", "Give the table itself"),
    (b"\xff\xd8\xff", "an image", "Give the table itself"),
    (b"\x28\xb5\x2f\xfd", "compressed twice", "Decompress it once"),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it"),
    (b"Rar!", "a rar archive", "Unpack it"),
    (b"RDX", "an R workspace", "Write the data frame with write.csv or arrow"),
    *(
        (bytes([0x80, protocol]), "a Python pickle, which could run code", "Write it as Parquet")
        for protocol in range(2, 6)
    ),
)
TEXT = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Run `git lfs pull`"),
    (b"<!doctype html", "a web page, perhaps with an error message", "Download the file again"),
    (b"<html", "a web page, perhaps with an error message", "Download the file again"),
    (b"[", "a JSON array", "Write one object per line, as `jq -c '.[]'` does"),
    (b"{", "one JSON object", "Write one object per line and row"),
    (b"\\begin", "a LaTeX table", "Write it as CSV, or as ECSV with astropy"),
    (b"\\documentclass", "a LaTeX document", "Write the table as CSV"),
)


def refuse_stranger(start: bytes, name: str) -> None:
    """Raises DataError for the first bytes of a file that is no table; says what it is."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    known = [one for one in BINARY if start.startswith(one[0])]
    known += [one for one in TEXT if text.startswith(one[0])]
    for _, what, advice in known:
        raise DataError(f"{name} is {what}. {advice}, and give that.")
