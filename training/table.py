"""Cached features as one table: a row is a photo in one history, with its folds and weights."""

import os
from collections import Counter
from dataclasses import dataclass

import numpy as np

import crops
import data
import features

# Sources of `more` that continue others share a fold with them (../shared/README.md). All sites
# that were made with AI site builders are one group: their pictures come from one or two
# generators.
GROUPS = {
    "sfhq": "sfhq", "sfhq_sg2_tiles": "sfhq", "sfhq_t2i_tiles": "sfhq",
    "qwen_hroc": "hroc", "hroc_openai": "hroc", "hroc_scenes": "hroc", "hroc_edits": "hroc",
    "wanghao": "freestyle", "wanghao_drawn": "freestyle", "jimmylv_drawn": "jimmylv",
    "wowmarcomei_drawn": "jimmylv", "wowmarcomei": "jimmylv",
    "leap_astria": "astria", "leap_inputs": "astria", "facemask": "prajnasb-nomask",
    "metadata_extractor_more": "metadata-extractor", "sselfie_phone": "sselfie_ai",
    "deepfakeface_swap": "deepfakeface", "ghost_swap": "ghost", "ghost_inputs": "ghost",
    "simswap_swap": "simswap", "simswap_inputs": "simswap", "seniorsafe_mj": "seniorsafe",
    "headshot_portland": "headshots", "headshots_marie": "headshots",
    "infiniteyou_inputs": "infiniteyou", "arc2face_inputs": "arc2face",
    "omnigen_inputs": "omnigen", "awesome_nano_banana_exam": "awesome",
    "awesome_nanobanana2": "awesome", "awesome_nano_banana_pro": "awesome",
    "fakefluence": "influencers", "aimikoda": "influencers",
}
BUILDERS = ("Lovable", "site-builder", "Replit")
FOLDS = 5
OFFSETS = {"small": 0, "originals": 1_000_000}
BLOCKS = list(range(1, 13))
PHOTO_KINDS = ["ai_photo", "real", "gan", "diffusion", "commercial_t2i"]


def group_of(row):
    if any(word in row["generator"] for word in BUILDERS):
        return "site builders"
    source = row["source"]
    return GROUPS.get(source, data.GROUPS.get(source, source))


@dataclass
class Table:
    """Arrays of one length; `x` maps a crop to f16 [rows, blocks, 3, 768]."""

    label: np.ndarray
    source: np.ndarray
    generator: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    split: np.ndarray
    face: np.ndarray
    photo: np.ndarray  # index into the set's photos.json, plus its offset
    history: np.ndarray
    x: dict

    def take(self, keep):
        """The rows that `keep` (booleans or indices) names."""
        parts = {k: v[keep] for k, v in vars(self).items() if k != "x"}
        return Table(**parts, x={k: v[keep] for k, v in self.x.items()})


def load(runs, histories, blocks, kinds=("whole", "face")):
    """All rows whose features are there; a history is SET/WEIGHTS/HISTORY. Photos without a face
    have noughts for it."""
    at, parts = [b - 1 for b in blocks], []
    for history in histories:
        name, weights, last = history.split("/")
        folder = os.path.join(runs, name)
        rows = crops.photos_of(folder)
        seen = {k: features.arrays(features.path_of(folder, weights, last, k), len(rows), "r")
                for k in kinds}
        have = np.ones(len(rows), bool)
        for kind, (_, done) in seen.items():
            needed = np.array([kind == "whole" or bool(r["faces"]) for r in rows])
            have &= (done == 1) | ~needed
        which = np.flatnonzero(have)
        some = [rows[i] for i in which]
        parts.append(Table(
            label=np.array([r["label"] for r in some]),
            source=np.array([r["source"] for r in some]),
            generator=np.array([r["generator"] for r in some]),
            kind=np.array([r["kind"] for r in some]),
            group=np.array([group_of(r) for r in some]),
            split=np.array([r["split"] for r in some]),
            face=np.array([bool(r["faces"]) for r in some]),
            photo=which + OFFSETS[name], history=np.array([history] * len(which)),
            x={k: np.stack([found[i][at] for i in which]) for k, (found, _) in seen.items()}))
    names = [k for k in vars(parts[0]) if k != "x"]
    return Table(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in names},
                 x={k: np.concatenate([p.x[k] for p in parts]) for k in kinds})


def folds_of(table):
    """Fold of each row: groups are dealt, largest first, to the fold with fewest of their class.

    FFHQ is many photographers under one name: its photos are dealt one by one.
    """
    sizes = Counter(zip(table.group, table.label))
    fold, load_ = {}, Counter()
    for (group, label), n in sorted(sizes.items(), key=lambda kv: (-kv[1], kv[0])):
        if group not in fold:
            fold[group] = min(range(FOLDS), key=lambda k: (load_[k, label], k))
        load_[fold[group], label] += n
    dealt = np.isin(table.source, list(data.DEALT))
    found = np.array([fold[g] for g in table.group])
    return np.where(dealt, table.photo % FOLDS, found)


def weights_of(table, power=0.7):
    """Weight of each row: classes equal, a source (all builders are one) by its size to `power`."""
    unit = np.where(table.group == "site builders", "site builders", table.source)
    keys = list(zip(table.label, unit, table.generator))
    sizes = Counter(keys)
    raw = np.array([sizes[k] ** (power - 1.0) for k in keys])
    for label in (0, 1):
        here = table.label == label
        raw[here] *= 0.5 * len(raw) / raw[here].sum()
    return raw


def judged(table):
    """Rows that error rates are fitted on: photos, and no quiz collection's real ones."""
    doubtful = np.isin(table.source, list(data.DOUBTFUL)) & (table.label == 0)
    return np.isin(table.kind, PHOTO_KINDS) & ~doubtful
