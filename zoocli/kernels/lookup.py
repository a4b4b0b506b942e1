"""A hash table from ids, as text, to row numbers; ids are compared exactly.

Texts lie as Arrow has them: their bytes one after the other, and where each begins. A slot holds
32 bits of the hash, which spares most comparisons, and the row number plus one; 0 is an empty slot.
"""

from __future__ import annotations

import numpy as np

from zoocli.kernels.compiling import compiled, inlined

LOW_BITS = np.uint64(0xFFFFFFFF)
HIGH_SHIFT = np.uint64(32)
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
MIXER = np.uint64(0xFF51AFD7ED558CCD)


@inlined
def word_at(data, position):
    """Eight bytes as one number, little end first."""
    word = np.uint64(0)
    for byte in range(8):
        word |= np.uint64(data[position + byte]) << np.uint64(8 * byte)
    return word


@inlined
def hash_text(data, start, stop):
    """64 bits of the bytes from start to stop: eight at a time, multiplied and folded."""
    value = np.uint64(stop - start) * MULTIPLIER
    position = start
    while position + 8 <= stop:
        value = (value ^ word_at(data, position)) * MULTIPLIER
        value ^= value >> HIGH_SHIFT
        position += 8
    last = np.uint64(0)
    while position < stop:
        last = (last << np.uint64(8)) | np.uint64(data[position])
        position += 1
    value = (value ^ last) * MULTIPLIER
    value ^= value >> HIGH_SHIFT
    value *= MIXER
    return value ^ (value >> HIGH_SHIFT)


@inlined
def first_slot(value, capacity):
    """Where the search begins: the high bits of the hash, scaled to the capacity."""
    return np.int64(((value >> HIGH_SHIFT) * np.uint64(capacity)) >> HIGH_SHIFT)


@inlined
def same_text(data, start, stop, other, other_start, other_stop):
    """Whether two texts have the same bytes."""
    if stop - start != other_stop - other_start:
        return False
    length = stop - start
    offset = 0
    while offset + 8 <= length:
        if word_at(data, start + offset) != word_at(other, other_start + offset):
            return False
        offset += 8
    while offset < length:
        if data[start + offset] != other[other_start + offset]:
            return False
        offset += 1
    return True


@inlined
def find_slot(data, start, stop, value, slots, known, known_offsets):
    """The slot that holds this text, or the empty one where it would go."""
    slot = first_slot(value, len(slots))
    while slots[slot] != 0:
        if slots[slot] >> HIGH_SHIFT == value & LOW_BITS:
            row = np.int64(slots[slot] & LOW_BITS) - 1
            if same_text(data, start, stop, known, known_offsets[row], known_offsets[row + 1]):
                return slot
        slot += 1
        if slot == len(slots):
            slot = 0
    return slot


@compiled
def insert_texts(data, offsets, slots, first_rows, hashes):
    """Fills the slots with all texts; `first_rows` gets the row where each stands first.

    `hashes` gets the 64-bit hash of each text.
    """
    for row in range(len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        value = hash_text(data, start, stop)
        hashes[row] = value
        slot = find_slot(data, start, stop, value, slots, data, offsets)
        if slots[slot] == 0:
            slots[slot] = ((value & LOW_BITS) << HIGH_SHIFT) | np.uint64(row + 1)
            first_rows[row] = row
        else:
            first_rows[row] = np.int64(slots[slot] & LOW_BITS) - 1


@compiled
def find_texts(data, offsets, slots, known, known_offsets, rows):
    """Writes the row of each text among the known ones, -1 where there is none.

    First the slots of all texts are visited, then the texts are compared: so the many waits for
    memory overlap, where one text after the other would wait three times each.
    """
    texts = len(offsets) - 1
    for text in range(texts):
        value = hash_text(data, offsets[text], offsets[text + 1])
        slot = first_slot(value, len(slots))
        while slots[slot] != 0 and slots[slot] >> HIGH_SHIFT != value & LOW_BITS:
            slot += 1
            if slot == len(slots):
                slot = 0
        rows[text] = np.int64(slots[slot] & LOW_BITS) - 1
    for text in range(texts):
        start, stop, row = offsets[text], offsets[text + 1], np.int64(rows[text])
        if row >= 0 and not same_text(
            data, start, stop, known, known_offsets[row], known_offsets[row + 1]
        ):  # another text with the same bits of the hash: search on
            value = hash_text(data, start, stop)
            slot = find_slot(data, start, stop, value, slots, known, known_offsets)
            rows[text] = np.int64(slots[slot] & LOW_BITS) - 1


@compiled
def count_rows(rows, times):
    """times[row] += 1 for each row that is not -1, staying at 2; returns how many were new."""
    new = 0
    for row in rows:
        if row >= 0:
            if times[row] == 0:
                new += 1
            if times[row] < 2:
                times[row] += 1
    return new
