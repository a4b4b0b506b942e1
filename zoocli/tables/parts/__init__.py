"""Several tables as one, a part of a table as one, and columns that the names of folders give."""
