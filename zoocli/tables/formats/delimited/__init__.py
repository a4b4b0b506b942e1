"""Delimited text such as CSV and TSV, and ECSV, which is CSV after a header in YAML."""
