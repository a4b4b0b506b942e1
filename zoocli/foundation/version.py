"""The one place where the version stands (hatchling reads it here too)."""

__version__ = "0.2.0"
# Of JSON outputs and the metadata of tables: changes where a key is removed or changes its meaning.
SCHEMA_VERSION = 1
