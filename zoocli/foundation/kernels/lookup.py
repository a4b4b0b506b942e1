"""A hash table from ids, as text, to row numbers; ids are compared exactly.

Texts are stored as in Arrow: their concatenated bytes, and the offset of each. A slot holds 32 bits
of the hash, which avoids most comparisons, and the row number plus one; 0 is an empty slot.
"""

from __future__ import annotations

import numpy as np

from zoocli.foundation.kernels.compiling import compiled, inlined

LOW_BITS = np.uint64(0xFFFFFFFF)
HIGH_SHIFT = np.uint64(32)
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
GROUP = 128
MIXER = np.uint64(0xFF51AFD7ED558CCD)


@inlined
def word_at(data, position):
    """Eight bytes as one number, little end first: one load, once compiled."""
    word = np.uint64(0)
    for byte in range(np.uintp(8)):  # unsigned: no test for negative indexes
        word |= np.uint64(data[np.uintp(position) + byte]) << (np.uint64(8) * byte)
    return word


@inlined
def last_word(data, start, stop):
    """The last eight bytes of a text as one number, or all of them where there are fewer."""
    if stop - start >= 8:
        return word_at(data, stop - 8)
    word = np.uint64(0)
    for position in range(start, stop):
        word = (word << np.uint64(8)) | np.uint64(data[position])
    return word


@inlined
def hash_text(data, start, stop):
    """64 bits of the bytes from start to stop: eight at a time, multiplied and folded.

    The last eight may overlap those before: texts of one length still differ where they differ.
    """
    value = np.uint64(stop - start) * MULTIPLIER
    position = start
    while position + 8 < stop:
        value = (value ^ word_at(data, position)) * MULTIPLIER
        value ^= value >> HIGH_SHIFT
        position += 8
    value = (value ^ last_word(data, start, stop)) * MULTIPLIER
    value ^= value >> HIGH_SHIFT
    value *= MIXER
    return value ^ (value >> HIGH_SHIFT)


@inlined
def first_slot(value, capacity):
    """The slot where the search begins: the high bits of the hash, scaled to the capacity."""
    return np.int64(((value >> HIGH_SHIFT) * np.uint64(capacity)) >> HIGH_SHIFT)


@inlined
def same_text(data, start, stop, other, other_start, other_stop):
    """Whether two texts have the same bytes."""
    if stop - start != other_stop - other_start:
        return False
    for offset in range(0, stop - start - 8, 8):
        if word_at(data, start + offset) != word_at(other, other_start + offset):
            return False
    return last_word(data, start, stop) == last_word(other, other_start, other_stop)


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


@inlined
def first_candidate(value, slots):
    """The row in the first slot with the same bits of the hash, -1 if an empty slot comes first."""
    slot = first_slot(value, len(slots))
    while slots[slot] != 0 and slots[slot] >> HIGH_SHIFT != value & LOW_BITS:
        slot += 1
        if slot == len(slots):
            slot = 0
    return np.int64(slots[slot] & LOW_BITS) - 1


@compiled
def insert_texts(data, offsets, first, slots, first_rows, hashes):
    """Fills slots with the texts from row `first` on; the texts before have theirs already.

    `first_rows` gets the row where each text occurs first, `hashes` its 64-bit hash; both begin
    with row `first`.
    """
    for row in range(first, len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        value = hash_text(data, start, stop)
        hashes[row - first] = value
        slot = find_slot(data, start, stop, value, slots, data, offsets)
        if slots[slot] == 0:
            slots[slot] = ((value & LOW_BITS) << HIGH_SHIFT) | np.uint64(row + 1)
            first_rows[row - first] = row
        else:
            first_rows[row - first] = np.int64(slots[slot] & LOW_BITS) - 1


@compiled
def find_texts(data, offsets, slots, known, known_offsets, rows, hashes, touched):
    """Writes the row of each text among the known ones, -1 where there is none.

    The table is larger than the processor's caches, so nearly every access waits for memory. Texts
    are processed in groups, and each step touches the memory that the next step needs for the whole
    group: the waits overlap. One text after the other would wait three times each.

    `hashes` (GROUP,) is scratch memory; `touched` (1,) gets a meaningless number, so that the
    accesses are not optimised away.
    """
    for first in range(0, len(offsets) - 1, GROUP):
        width = min(GROUP, len(offsets) - 1 - first)
        for lane in range(width):
            value = hash_text(data, offsets[first + lane], offsets[first + lane + 1])
            hashes[lane] = value
            touched[0] += slots[first_slot(value, len(slots))]
        for lane in range(width):
            row = first_candidate(hashes[lane], slots)
            rows[first + lane] = row
            touched[0] += np.uint64(known_offsets[max(row, 0)])
        for lane in range(width):
            row = max(np.int64(rows[first + lane]), 0)
            if known_offsets[row] < len(known):
                touched[0] += np.uint64(known[known_offsets[row]])
        for lane in range(width):
            text, row = first + lane, np.int64(rows[first + lane])
            start, stop = offsets[text], offsets[text + 1]
            if row >= 0 and not same_text(
                data, start, stop, known, known_offsets[row], known_offsets[row + 1]
            ):  # another text with the same bits of the hash: search on
                slot = find_slot(data, start, stop, hashes[lane], slots, known, known_offsets)
                rows[text] = np.int64(slots[slot] & LOW_BITS) - 1


@compiled
def count_rows(rows, times):
    """times[row] += 1 for each row that is not -1, staying at 2."""
    for row in rows:
        if row >= 0 and times[row] < 2:
            times[row] += 1
