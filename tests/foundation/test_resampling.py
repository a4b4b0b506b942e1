"""Random numbers from hashes: their distributions, and that only id and seed decide them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from xxhash import xxh3_64_intdigest

from tests.evaluations import uniforms
from zoocli.foundation.hashing import hash_ids
from zoocli.foundation.kernels.resampling import DRAWS, random_words

NEIGHBOURS = np.arange(20_000, dtype=np.uint64)  # hashes that differ in the lowest bits alone
HASHES = hash_ids(pa.array([f"galaxy-{number}" for number in range(20_000)]))
LEAST_P = 1e-4


@pytest.fixture(params=[HASHES, NEIGHBOURS], ids=["hashes", "neighbours"])
def hashes(request):
    return request.param


def words_of(hashes, seed, count, first=0):
    """Random words, (galaxies, count)."""
    words = np.empty((len(hashes), count), np.uint64)
    random_words(np.ascontiguousarray(hashes), seed, DRAWS, first, words)
    return words


def signs(hashes, words, seed=0):
    """+1 and -1, (galaxies, bits)."""
    bits = np.unpackbits(words_of(hashes, seed, words).view(np.uint8), axis=1, bitorder="little")
    return 1 - 2 * bits.astype(np.int64)


def test_a_hash_is_that_of_the_text():
    texts = ["", "a", "1237648720142532647", "-5", "007", "ngc é", "x" * 300]
    assert hash_ids(pa.array(texts)).tolist() == [
        xxh3_64_intdigest(text.encode()) for text in texts
    ]


def test_the_hash_of_one_text_is_the_published_one():
    # XXH3_64bits of no bytes with seed 0, from the reference implementation's own tests.
    assert hash_ids(pa.array([""])).tolist() == [0x2D06800538D394C2]


def test_slices_hash_as_their_own_texts():
    texts = pa.array(["a", "bb", "ccc", "dddd", "eeeee"])
    whole = hash_ids(texts)
    for start in range(5):
        for length in range(6 - start):
            part = texts.slice(start, length)
            assert hash_ids(part).tolist() == whole[start : start + length].tolist()


@pytest.mark.parametrize("stream", [0, 1, 2**40])
def test_uniforms_are_uniform(hashes, stream):
    numbers = uniforms(hashes, seed=5, stream=stream)
    assert stats.kstest(numbers, "uniform").pvalue > LEAST_P
    assert (numbers > 0.0).all() and (numbers < 1.0).all()
    pairs = stats.pearsonr(numbers[:-1], numbers[1:])
    assert pairs.pvalue > LEAST_P


def test_streams_and_seeds_differ(hashes):
    numbers = [uniforms(hashes, seed, stream) for seed in (0, 1) for stream in (0, 1)]
    correlation = np.corrcoef(numbers)[np.triu_indices(4, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(len(hashes))


def test_signs_are_fair_and_independent(hashes):
    flips = signs(hashes, words=2).astype(float)
    assert flips.shape == (len(hashes), 128)
    balance = flips.sum(axis=0) / np.sqrt(len(hashes))
    assert stats.kstest(balance, "norm").pvalue > LEAST_P
    across = (flips.T @ flips)[np.triu_indices(128, 1)] / np.sqrt(len(hashes))
    assert stats.kstest(across, "norm").pvalue > LEAST_P
    next_one = (flips[1:] * flips[:-1]).sum(axis=0) / np.sqrt(len(hashes) - 1)
    assert stats.kstest(next_one, "norm").pvalue > LEAST_P


def test_each_bit_of_a_hash_changes_half_of_the_bits():
    hashes = HASHES[:500]
    plain = signs(hashes, words=1)
    for bit in range(64):
        other = signs(hashes ^ np.uint64(1 << bit), words=1)
        assert abs((plain != other).mean() - 0.5) < 5 * 0.5 / np.sqrt(plain.size)


def test_only_hash_seed_and_number_decide():
    function = words_of
    whole = function(HASHES[:100], 7, 20)
    order = np.random.default_rng(1).permutation(100)
    assert (function(HASHES[:100][order], 7, 20) == whole[order]).all()
    assert (function(HASHES[30:50], 7, 5, 9) == whole[30:50, 9:14]).all()
    assert (function(HASHES[:100], 8, 20) != whole).any()
