"""Writes zoobot.json: what Zoobot's own CustomMultiQuestionLoss returns, in float32.

Needs torch and, in an environment of its own, `pip install --no-deps zoobot==2.9.0`:

    python tests/reference/make_zoobot.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

SEED = 29
GALAXIES = 32
QUESTION_ANSWER_PAIRS = {
    "smooth-or-featured": ["_smooth", "_featured-or-disk", "_artifact"],
    "disk-edge-on": ["_yes", "_no"],
    "bulge-size": ["_dominant", "_large", "_moderate", "_small", "_none"],
}


def main():
    # Not at the top: whoever only collects the tests has no zoobot.
    import torch
    from zoobot.pytorch.training import losses

    torch.manual_seed(SEED)
    answers = [q + a for q, suffixes in QUESTION_ANSWER_PAIRS.items() for a in suffixes]
    inputs = 1 + 100 * torch.rand(GALAXIES, len(answers))
    votes = torch.randint(0, 40, (GALAXIES, len(answers)))
    votes[::5, 3:5] = 0  # galaxies without votes for the second question
    targets = dict(zip(answers, votes.unbind(1), strict=True))

    def loss(**options):
        return losses.CustomMultiQuestionLoss(
            QUESTION_ANSWER_PAIRS, losses.get_dirichlet_neg_log_prob, **options
        )(inputs, targets)

    content = {
        "source": f"zoobot {version('zoobot')}, torch {torch.__version__}, float32, "
        f"make_zoobot.py, seed {SEED}",
        "question_answer_pairs": QUESTION_ANSWER_PAIRS,
        "inputs": inputs.tolist(),
        "votes": votes.tolist(),
        "per_question": loss().tolist(),
        "summed": loss(sum_over_questions=True).tolist(),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    Path(__file__).with_name("zoobot.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
