"""Where a table goes: files that appear complete or not at all, pipes, folders, memory."""
