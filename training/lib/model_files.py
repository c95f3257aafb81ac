"""What fitting leaves behind: heads and facts of a model, between the steps.

RUNS/heads/NAME.pkl holds the heads and their axes, NAME.json what is known of them, and
NAME-held-out.npz the held-out logits and scores of every row.
"""

import json
import os
import pickle

import numpy as np


def locate_model(runs, name):
    """Returns the path of the model's files, without their endings."""
    return os.path.join(runs, "heads", name)


def write_model(runs, name, kept, facts):
    """Writes the heads ({"axes": …, "heads": …}) and the facts."""
    base = locate_model(runs, name)
    os.makedirs(os.path.dirname(base), exist_ok=True)
    with open(base + ".pkl", "wb") as f:
        pickle.dump(kept, f)
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)


def read_model(runs, name):
    """Reads what `write_model` wrote."""
    with open(locate_model(runs, name) + ".pkl", "rb") as f:
        return pickle.load(f), read_facts(runs, name)


def read_facts(runs, name):
    with open(locate_model(runs, name) + ".json", encoding="utf-8") as f:
        return json.load(f)


def write_held_out(runs, name, rows, scores, logits):
    """Writes a row's columns, its held-out score and each head's held-out logit."""
    np.savez(locate_model(runs, name) + "-held-out.npz", score=scores, **rows.columns(),
             **{f"{k}_logit": v for k, v in logits.items()})
