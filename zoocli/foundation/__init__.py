"""What everything stands on: arrays, compiled loops, hashing, JSON, pipelines, and the machine."""
