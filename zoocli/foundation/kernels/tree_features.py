"""What each galaxy adds to the evaluation of a decision tree, in one pass over its questions.

A galaxy is in one bucket, and adds to the sums of that bucket alone, galaxy after galaxy in their
order: the sums have the same bits whatever the batches and the threads are. `FINE`, `BY_VOTES` and
`BY_MANY` name the features that are summed, with what each has a number for: a level (overall, a
campaign, a question), a question, an answer, a central interval of an answer, or a cell of a
question's confusion matrix.

The features, for a question with concentrations a_j (sum A; several passes: their mean over the
passes), votes k_j (sum n), predicted fractions p_j = a_j / A and observed ones o_j = k_j / n:

- of losses: the loss L, its square, those of the saturated multinomial and of the reference, and
  L(k') of votes k' that are drawn from the prediction itself;
- of fractions, where the galaxy counts: p, o, their squares, (p - o)^2, |p - o| and the predicted
  variance of o, p (1 - p) (A + n) / (n (A + 1)) plus that of p over passes; where n >= 2 also
  v = o (1 - o) / (n - 1), n v and (p - o)^2;
- of classes: 1 in the cell (answer voted most, answer predicted most), the first of equal ones;
- of calibration: F(u') - F(u) for central intervals from u to u', F the transform that is 0 up to
  P(K < k), 1 from P(K <= k) on and straight between; the predicted standard deviation of o.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from zoocli.foundation.kernels.beta_binomial import masses
from zoocli.foundation.kernels.compiling import compiled, inlined
from zoocli.foundation.kernels.resampling import (
    DRAWS,
    FRACTION_SHIFT,
    UNIFORMS,
    mixed,
    purpose_key,
    random_word,
)
from zoocli.foundation.kernels.stirling import log_rising_binomial, stirling_remainder

LEVEL, QUESTION, ANSWER, INTERVAL, CELL = "level", "question", "answer", "interval", "cell"

FINE = {
    "loss/sum": LEVEL,
    "loss/squares": LEVEL,
    "loss/galaxies": LEVEL,
    "loss/galaxies_all": LEVEL,
    "loss/drawn": LEVEL,
    "loss/saturated": QUESTION,
    "loss/reference": QUESTION,
    "counted/levels": LEVEL,
    "confident/levels": LEVEL,
    "fractions/galaxies": QUESTION,
    "fractions/predicted": ANSWER,
    "fractions/observed": ANSWER,
    "fractions/predicted_squares": ANSWER,
    "fractions/observed_squares": ANSWER,
    "fractions/error_squares": ANSWER,
    "fractions/absolute_errors": ANSWER,
    "fractions/predicted_noise": ANSWER,
    "fractions/several": QUESTION,
    "fractions/noise": ANSWER,
    "fractions/vote_noise": ANSWER,
    "fractions/several_error_squares": ANSWER,
    "counted/confusion": CELL,
    "confident/confusion": CELL,
}
(
    LOSS,
    LOSS_SQUARES,
    LOSS_GALAXIES,
    LOSS_GALAXIES_ALL,
    LOSS_DRAWN,
    LOSS_SATURATED,
    LOSS_REFERENCE,
    COUNTED_LEVELS,
    CONFIDENT_LEVELS,
    FIRST_OF_FRACTIONS,
    *_,
) = range(len(FINE))
COUNTED_CELLS, CONFIDENT_CELLS = range(len(FINE) - 2, len(FINE))
BY_VOTES = {name: kind for name, kind in FINE.items() if name.startswith("fractions/")}
BY_MANY = {
    "calibration/levels": LEVEL,
    "calibration/covered": INTERVAL,
    "calibration/deviation": ANSWER,
}
MANY_LEVELS, MANY_COVERED, MANY_DEVIATION = range(len(BY_MANY))

VOTE_BINS = (1, 5, 10, 20, 40)  # where the bins of total votes begin
SECOND_BIN, THIRD_BIN, FOURTH_BIN, FIFTH_BIN = VOTE_BINS[1:]
MANY_VOTES = 20
COARSENESS = 4  # buckets that share a row of the sums by votes
MOST_DRAWN = 4096  # votes
NARROWEST = 1e-300  # so that a probability of 0 gives a step, not a division by zero
SMALLEST_PRODUCT, LARGEST_PRODUCT = 1e-150, 1e100  # one more factor stays within float64
LOG_FACTORIALS = np.array([math.lgamma(k + 1.0) for k in range(256)])
# The sums of each bin of predicted fractions: whole numbers, which add up in any order. Fractions
# are in units of 2^-36; the last two are votes for the answer, and for others.
UNIT = 2.0**36
BIN_SUMS = GALAXIES, PREDICTED, OBSERVED, SQUARES, POSITIVE, NEGATIVE = tuple(range(6))


class Batch(NamedTuple):
    """Some galaxies: `concentrations` (galaxies, passes, answers), the others a row for each."""

    concentrations: np.ndarray
    votes: np.ndarray
    total_votes: np.ndarray
    losses: np.ndarray
    counted: np.ndarray
    hashes: np.ndarray


class Fixed(NamedTuple):
    """What the losses of the saturated multinomial and of the reference are made of.

    `excess` (k,): ln k! - k ln k + k for small k; `concentrations` of the reference, of each answer
    and then the sum of each question; `rising` (the same, k): ln[(a)_k / k!] for small k.
    """

    excess: np.ndarray
    concentrations: np.ndarray
    rising: np.ndarray


class Tree(NamedTuple):
    """Where each question's answers and cells begin, and each level's questions in `members`."""

    answers: np.ndarray
    cells: np.ndarray
    levels: np.ndarray
    members: np.ndarray


class Totals(NamedTuple):
    """What is added to; `at` is where each feature begins in a row."""

    fine: np.ndarray
    fine_at: np.ndarray
    by_votes: np.ndarray
    by_votes_at: np.ndarray
    by_many: np.ndarray
    by_many_at: np.ndarray
    transforms: np.ndarray
    randomised: np.ndarray
    ties: np.ndarray
    density: np.ndarray
    bins: np.ndarray
    coarse_cases: np.ndarray


class Work(NamedTuple):
    """Working memory for one galaxy: numbers of each answer, of each question, at the edges."""

    predicted: np.ndarray
    deviation: np.ndarray
    below: np.ndarray
    up_to: np.ndarray
    drawn_votes: np.ndarray
    drawn: np.ndarray
    confident: np.ndarray
    transforms: np.ndarray
    covered: np.ndarray
    cumulative: np.ndarray


class Seen(NamedTuple):
    """What the histograms need of the galaxies: (answers, rows) and `totals` (questions, rows)."""

    predicted: np.ndarray
    votes: np.ndarray
    totals: np.ndarray


WORK_ROWS = len(Work._fields)


@inlined
def transform(u, low, inverse):
    """F(u): 0 below P(K < k), 1 above P(K <= k), and straight between; inverse = 1 / P(K = k)."""
    return min(max((u - low) * inverse, 0.0), 1.0)


@inlined
def total_of(concentrations, start, stop):
    """The sum A of a question's concentrations."""
    total = 0.0
    for answer in range(start, stop):
        total += concentrations[answer]
    return total


@inlined
def add_masses(work, answer, below, above):
    """Adds P(K < k) and P(K <= k) of one pass."""
    if below == math.inf:
        work.below[answer] += 1.0
        work.up_to[answer] += 1.0
    else:
        whole = below + 1.0 + above
        work.below[answer] += below / whole
        work.up_to[answer] += (below + 1.0) / whole


@inlined
def predict(work, concentrations, votes, start, stop, n):
    """The predicted fractions of a question's answers, and the distributions of their votes."""
    passes = len(concentrations)
    for answer in range(start, stop):
        work.predicted[answer] = 0.0
        work.deviation[answer] = 0.0
        work.below[answer] = 0.0
        work.up_to[answer] = 0.0
    for number in range(passes):
        total = total_of(concentrations[number], start, stop)
        spread = (total + n) / (total + 1.0) / n
        for answer in range(start, stop):
            a = concentrations[number, answer]
            b = total - a
            p = a / total
            step = p - work.predicted[answer]
            work.predicted[answer] += step / (number + 1)
            # The squares about the mean are kept as the mean moves (Welford 1962): no cancellation.
            work.deviation[answer] += p * (b / total) * spread + step * (p - work.predicted[answer])
        if stop - start == 2:  # the one answer has what the other has not
            below, above = masses(
                votes[start], n, concentrations[number, start], concentrations[number, start + 1]
            )
            add_masses(work, start, below, above)
            add_masses(work, start + 1, above, below)
        else:
            for answer in range(start, stop):
                a = concentrations[number, answer]
                below, above = masses(votes[answer], n, a, total - a)
                add_masses(work, answer, below, above)
    for answer in range(start, stop):
        work.deviation[answer] = math.sqrt(work.deviation[answer] / passes)
        work.below[answer] /= passes
        work.up_to[answer] /= passes


@inlined
def log_rising(a, k):
    """ln[a (a + 1) ... (a + k - 1)]: a product, of which the logarithm is taken now and then."""
    logarithm, product = 0.0, 1.0
    for i in range(k):
        product *= a + i
        if product > LARGEST_PRODUCT or product < SMALLEST_PRODUCT:
            logarithm += math.log(product)
            product = 1.0
    return logarithm + math.log(product)


@inlined
def log_rising_ratio(a, k):
    """ln[(a)_k / k!]."""
    if k < len(LOG_FACTORIALS):
        return log_rising(a, k) - LOG_FACTORIALS[np.uintp(k)]
    return log_rising_binomial(a, float(k))


@inlined
def log_probability(concentrations, votes, start, stop, n):
    """ln P(votes) under one pass."""
    logarithm = -log_rising_ratio(total_of(concentrations, start, stop), n)
    for answer in range(start, stop):
        logarithm += log_rising_ratio(concentrations[answer], int(votes[answer]))
    return logarithm


@inlined
def draw_votes(work, concentrations, start, stop, n, random, question):
    """Draws n votes from the prediction: from Polya's urn of one pass, itself drawn.

    Returns ln P of the votes in this order. Those beyond 4,096 are shared out as the urn is then:
    it hardly changes any more.
    """
    counter = np.uint64(question) << np.uint64(32)
    word = random_word(random, counter)
    number = int(float(word >> FRACTION_SHIFT) * 2.0**-53 * len(concentrations))
    chosen = concentrations[number]
    total = 0.0
    for answer in range(start, stop):
        total += chosen[answer]
        work.cumulative[answer] = total
        work.drawn_votes[answer] = 0.0
    logarithm, numerator, denominator = 0.0, 1.0, 1.0
    for vote in range(min(n, MOST_DRAWN)):
        counter += np.uint64(1)
        word = random_word(random, counter)
        level = float(word >> FRACTION_SHIFT) * 2.0**-53 * (total + vote)
        # Without a branch that depends on the random number: no processor could foresee it.
        place: Any = start
        for answer in range(start, stop - 1):
            place += 1 if work.cumulative[answer] <= level else 0
        numerator *= chosen[place] + work.drawn_votes[place]
        denominator *= total + vote
        if numerator < SMALLEST_PRODUCT or max(numerator, denominator) > LARGEST_PRODUCT:
            logarithm += math.log(numerator) - math.log(denominator)
            numerator, denominator = 1.0, 1.0
        work.drawn_votes[place] += 1.0
        for answer in range(start, stop):
            work.cumulative[answer] += 1.0 if answer >= place else 0.0
    if n > MOST_DRAWN:
        rest = (n - MOST_DRAWN) / (total + MOST_DRAWN)
        left = float(n)
        for answer in range(start + 1, stop):
            k = work.drawn_votes[answer]
            work.drawn_votes[answer] = math.floor(k + rest * (k + chosen[answer]))
            left -= work.drawn_votes[answer]
        work.drawn_votes[start] = left
    return logarithm + math.log(numerator) - math.log(denominator)


@inlined
def log_orders(work, start, stop, n):
    """ln[n! / (k_1! ... k_K!)] of the drawn votes, in how many orders they may come."""
    logarithm = LOG_FACTORIALS[np.uintp(n)]
    for answer in range(start, stop):
        logarithm -= LOG_FACTORIALS[np.uintp(int(work.drawn_votes[answer]))]
    return logarithm


@inlined
def drawn_loss(work, concentrations, start, stop, n, random, question):
    """The loss of votes that are drawn from the prediction, under the mixture of all passes."""
    in_order = draw_votes(work, concentrations, start, stop, n, random, question)
    passes = len(concentrations)
    if passes == 1 and n < len(LOG_FACTORIALS):
        return -in_order - log_orders(work, start, stop, n)
    most, total = -math.inf, 0.0
    for number in range(passes):
        one = log_probability(concentrations[number], work.drawn_votes, start, stop, n)
        if one > most:
            total = total * math.exp(most - one) + 1.0
            most = one
        else:
            total += math.exp(one - most)
    return math.log(passes) - most - math.log(total)


@inlined
def excess_of(fixed, k):
    """h(k) = ln k! - k ln k + k."""
    if k < len(fixed.excess):
        return fixed.excess[np.uintp(k)]
    return 0.5 * math.log(2.0 * math.pi * k) + stirling_remainder(float(k))


@inlined
def rising_of(fixed, row, k):
    """ln[(a)_k / k!] of one of the fixed concentrations a."""
    if k < fixed.rising.shape[1]:
        return fixed.rising[row, np.uintp(k)]
    return log_rising_binomial(fixed.concentrations[row], float(k))


@inlined
def add_fixed_losses(row, at, fixed, votes, answers, question, start, stop, n):
    """Adds the losses of the saturated multinomial and of the reference."""
    saturated = -excess_of(fixed, n)
    reference = rising_of(fixed, answers + question, n)
    for answer in range(start, stop):
        saturated += excess_of(fixed, votes[answer])
        reference -= rising_of(fixed, answer, votes[answer])
    row[at[LOSS_SATURATED] + question] += saturated
    row[at[LOSS_REFERENCE] + question] += reference


@inlined
def add_losses(row, at, tree, losses, total_votes, drawn):
    """Adds the losses of every level."""
    for level in range(len(tree.levels) - 1):
        loss, drawn_sum = 0.0, 0.0
        votes: Any = 0
        for place in range(tree.levels[level], tree.levels[level + 1]):
            question = tree.members[place]
            loss += losses[question]
            drawn_sum += drawn[question]
            votes += total_votes[question]
        if math.isnan(loss):
            continue
        row[at[LOSS_GALAXIES_ALL] + level] += 1.0
        if votes > 0:
            row[at[LOSS_GALAXIES] + level] += 1.0
            row[at[LOSS] + level] += loss
            row[at[LOSS_SQUARES] + level] += loss * loss
            row[at[LOSS_DRAWN] + level] += drawn_sum


@inlined
def add_fractions(row, at, first, work, votes, question, start, stop, n):
    """Adds a question's features of fractions; `first` is the place of theirs in `at`."""
    inverse = 1.0 / n
    # Read once: the compiler cannot know that nothing below changes them.
    predicted, observed = at[first + 1], at[first + 2]
    predicted_squares, observed_squares = at[first + 3], at[first + 4]
    error_squares, absolute_errors = at[first + 5], at[first + 6]
    predicted_noise = at[first + 7]
    row[at[first] + question] += 1.0
    for answer in range(start, stop):
        p, o = work.predicted[answer], votes[answer] * inverse
        error = p - o
        row[predicted + answer] += p
        row[observed + answer] += o
        row[predicted_squares + answer] += p * p
        row[observed_squares + answer] += o * o
        row[error_squares + answer] += error * error
        row[absolute_errors + answer] += abs(error)
        row[predicted_noise + answer] += work.deviation[answer] * work.deviation[answer]
    if n < 2:
        return
    row[at[first + 8] + question] += 1.0
    noise, vote_noise, several = at[first + 9], at[first + 10], at[first + 11]
    unbiased = 1.0 / (n - 1)
    for answer in range(start, stop):
        o = votes[answer] * inverse
        error = work.predicted[answer] - o
        variance = o * (1.0 - o) * unbiased
        row[noise + answer] += variance
        row[vote_noise + answer] += n * variance
        row[several + answer] += error * error


@inlined
def add_covered(row, at, covered, answer, levels, deviation):
    """Adds an answer's F(u') - F(u) at every level, and the predicted deviation."""
    first = at[0] + answer * levels
    for level in range(levels):
        row[first + level] += covered[level]
    row[at[1] + answer] += deviation


@inlined
def take_transforms(work, answer, edges):
    """F at the edges, which are symmetric; F(u') - F(u) for the intervals around the middle one."""
    low = work.below[answer]
    inverse = 1.0 / max(work.up_to[answer] - low, NARROWEST)
    for edge in range(len(edges)):
        work.transforms[edge] = transform(edges[edge], low, inverse)
    middle = len(edges) // 2
    for level in range(middle):
        work.covered[level] = (
            work.transforms[middle + 1 + level] - work.transforms[middle - 1 - level]
        )


@inlined
def add_classes(totals, row, tree, work, votes, question, start, stop, confident):
    """Adds 1 to the cell of a question's confusion matrix, and counts what is equally large."""
    voted: Any = start
    predicted: Any = start
    voted_tie, predicted_tie = 0, 0
    for answer in range(start + 1, stop):
        if votes[answer] > votes[voted]:
            voted, voted_tie = answer, 0
        elif votes[answer] == votes[voted]:
            voted_tie = 1
        if work.predicted[answer] > work.predicted[predicted]:
            predicted, predicted_tie = answer, 0
        elif work.predicted[answer] == work.predicted[predicted]:
            predicted_tie = 1
    totals.ties[0, question] += voted_tie
    totals.ties[1, question] += predicted_tie
    cell = tree.cells[question] + (voted - start) * (stop - start) + predicted - start
    row[totals.fine_at[COUNTED_CELLS] + cell] += 1.0
    if confident:
        row[totals.fine_at[CONFIDENT_CELLS] + cell] += 1.0


@inlined
def add_transforms(totals, work, answer, many, coarse, edges, uniform):
    """Adds an answer's transforms at the edges, and its randomised transform to the histogram."""
    sums = totals.transforms[coarse, many, answer]
    for edge in range(edges):
        sums[edge] += work.transforms[edge]
    low, high = work.below[answer], work.up_to[answer]
    bins = totals.randomised.shape[2]
    totals.randomised[many, answer, min(int((low + uniform * (high - low)) * bins), bins - 1)] += 1


@inlined
def add_cases(totals, coarse, answer, place, k, n):
    """Adds the votes for an answer and for others at its coarse bin."""
    cases = totals.coarse_cases[coarse, answer, place]
    cases[0] += k
    cases[1] += n - k


@inlined
def bin_of(fraction, bins):
    """The bin of a fraction, the last one for 1."""
    return min(int(fraction * bins), bins - 1)


@inlined
def add_histograms(totals, seen, tree):
    """Adds predicted against observed fractions, an answer at a time: its bins stay at hand."""
    for question in range(len(tree.answers) - 1):
        for answer in range(tree.answers[question], tree.answers[question + 1]):
            bins, density = totals.bins[answer], totals.density[answer]
            for galaxy in range(seen.predicted.shape[1]):
                n = seen.totals[question, galaxy]
                if n == 0:
                    continue
                p, k = seen.predicted[answer, galaxy], seen.votes[answer, galaxy]
                o = k / n
                density[bin_of(p, len(density)), bin_of(o, len(density))] += 1
                counts = bins[bin_of(p, len(bins))]
                counts[GALAXIES] += 1
                counts[PREDICTED] += int(p * UNIT + 0.5)
                counts[OBSERVED] += int(o * UNIT + 0.5)
                counts[SQUARES] += int((o - p) * (o - p) * UNIT + 0.5)
                counts[POSITIVE] += k
                counts[NEGATIVE] += n - k


@inlined
def add_counted_levels(row, at, tree, counted):
    """Adds 1 to each level that the galaxy counts for: where it does for any of its questions."""
    for level in range(len(tree.levels) - 1):
        for place in range(tree.levels[level], tree.levels[level + 1]):
            if counted[tree.members[place]] > 0.0:
                row[at + level] += 1.0
                break


@inlined
def vote_bin(n):
    """The number, from 0, of the bin that so many total votes are in."""
    return int(n >= SECOND_BIN) + int(n >= THIRD_BIN) + int(n >= FOURTH_BIN) + int(n >= FIFTH_BIN)


@compiled
def add_galaxies(
    concentrations, votes, total_votes, losses, counted, hashes,
    rows, buckets, seed, numbers,
    excess, references, rising,
    answers, cells, levels, members,
    fine, fine_at, by_votes, by_votes_at, by_many, by_many_at,
    transforms, randomised, ties, density, bins, coarse_cases,
    edges, coarse_of, memory,
    seen_predicted, seen_votes, seen_totals,
):  # fmt: skip
    """Adds the galaxies at `rows`, one after the other, to the sums.

    The arguments are the fields of `Batch`, `Fixed`, `Tree` and `Totals`, with float64 and int64
    numbers; `buckets` (galaxies,) is the place of each galaxy in `fine`. `numbers` holds the
    fraction above which galaxies are confident. A question whose loss is NaN, or that nobody
    voted for, must not be `counted`. `edges` are where transforms are taken, `coarse_of` (bins,)
    the coarse bin of each bin of predicted fractions; `memory` (WORK_ROWS, answers or edges). The
    fields of `Seen` have a place for each of the rows, and are 0.
    """
    batch = Batch(concentrations, votes, total_votes, losses, counted, hashes)
    fixed = Fixed(excess, references, rising)
    tree = Tree(answers, cells, levels, members)
    totals = Totals(
        fine, fine_at, by_votes, by_votes_at, by_many, by_many_at,
        transforms, randomised, ties, density, bins, coarse_cases,
    )  # fmt: skip
    work = Work(
        memory[0],
        memory[1],
        memory[2],
        memory[3],
        memory[4],
        memory[5],
        memory[6],
        memory[7],
        memory[8],
        memory[9],
    )
    seen = Seen(seen_predicted, seen_votes, seen_totals)
    draws, uniforms = purpose_key(seed, DRAWS), purpose_key(seed, UNIFORMS)
    questions = len(tree.answers) - 1
    for number in range(len(rows)):
        galaxy = rows[number]
        given, k = batch.concentrations[galaxy], batch.votes[galaxy]
        row = totals.fine[buckets[galaxy]]
        coarse = buckets[galaxy] // COARSENESS
        random = mixed(batch.hashes[galaxy] ^ draws)
        uniform = mixed(batch.hashes[galaxy] ^ uniforms)
        for question in range(questions):
            start, stop = tree.answers[question], tree.answers[question + 1]
            n = batch.total_votes[galaxy, question]
            work.drawn[question] = 0.0
            work.confident[question] = 0.0
            if n <= 0 or math.isnan(batch.losses[galaxy, question]):
                continue
            add_fixed_losses(
                row, totals.fine_at, fixed, k, batch.votes.shape[1], question, start, stop, n
            )
            work.drawn[question] = drawn_loss(work, given, start, stop, n, random, question)
            if not batch.counted[galaxy, question]:
                continue
            predict(work, given, k, start, stop, n)
            most: Any = 0
            for answer in range(start, stop):
                most = max(most, k[answer])
            work.confident[question] = 1.0 if most / n > numbers[0] else 0.0
            add_fractions(
                row, totals.fine_at, FIRST_OF_FRACTIONS, work, k, question, start, stop, n
            )
            add_fractions(
                totals.by_votes[coarse, vote_bin(n)],
                totals.by_votes_at, 0, work, k, question, start, stop, n,
            )  # fmt: skip
            add_classes(
                totals, row, tree, work, k, question, start, stop, work.confident[question] > 0.0
            )
            many = int(n >= MANY_VOTES)
            for answer in range(start, stop):
                take_transforms(work, answer, edges)
                add_covered(
                    totals.by_many[coarse, many],
                    totals.by_many_at[MANY_COVERED:],
                    work.covered,
                    answer,
                    len(edges) // 2,
                    work.deviation[answer],
                )
                word = random_word(uniform, answer)
                add_transforms(
                    totals,
                    work,
                    answer,
                    many,
                    coarse,
                    len(edges),
                    (float(word >> FRACTION_SHIFT) + 0.5) * 2.0**-53,
                )
                place = coarse_of[bin_of(work.predicted[answer], len(coarse_of))]
                add_cases(totals, coarse, answer, place, k[answer], n)
                seen.predicted[answer, number] = work.predicted[answer]
                seen.votes[answer, number] = k[answer]
            seen.totals[question, number] = n
        add_losses(
            row, totals.fine_at, tree, batch.losses[galaxy], batch.total_votes[galaxy], work.drawn
        )
        add_counted_levels(row, totals.fine_at[COUNTED_LEVELS], tree, batch.counted[galaxy])
        add_counted_levels(row, totals.fine_at[CONFIDENT_LEVELS], tree, work.confident)
        for level in range(len(tree.levels) - 1):
            few_counted, many_counted = 0.0, 0.0
            for place in range(tree.levels[level], tree.levels[level + 1]):
                question = tree.members[place]
                if batch.counted[galaxy, question]:
                    if batch.total_votes[galaxy, question] >= MANY_VOTES:
                        many_counted = 1.0
                    else:
                        few_counted = 1.0
            totals.by_many[coarse, 0, totals.by_many_at[MANY_LEVELS] + level] += few_counted
            totals.by_many[coarse, 1, totals.by_many_at[MANY_LEVELS] + level] += many_counted
    add_histograms(totals, seen, tree)
