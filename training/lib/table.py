"""Features as one table: a row is a photo under one perturbation, with its group and fold."""

import os
from collections import Counter
from dataclasses import dataclass

import numpy as np

from lib import crops, features, sources

FOLDS = 5
OFFSETS = {"small": 0, "originals": 1_000_000}
BLOCKS = list(range(1, 13))
PHOTO_KINDS = ["ai_photo", "real", "gan", "diffusion", "commercial_t2i"]


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
    identity: np.ndarray  # the same for all copies of a photo (lib/twins.py)
    features: np.ndarray  # the name of the row's features
    x: dict

    @classmethod
    def build(cls, rows, face, photo, features_name, x):
        """Builds a table of photos' rows and the columns that their dicts do not have."""
        columns = {k: np.array([r[k] for r in rows])
                   for k in ("label", "source", "generator", "kind", "split")}
        identity = np.array([r.get("twin", p) for r, p in zip(rows, photo)])
        return cls(**columns, group=np.array([sources.name_group(r) for r in rows]),
                   face=np.array(face, bool), photo=photo, identity=identity,
                   features=features_name, x=x)

    @classmethod
    def join(cls, tables):
        """Puts tables with the same crops below each other."""
        columns = {k: np.concatenate([getattr(t, k) for t in tables])
                   for k in tables[0].columns()}
        return cls(**columns, x={k: np.concatenate([t.x[k] for t in tables])
                                 for k in tables[0].x})

    def columns(self):
        """Returns everything but the features, by name."""
        return {k: v for k, v in vars(self).items() if k != "x"}

    def take(self, keep):
        """Returns the rows that `keep` (booleans or indices) names."""
        return Table(**{k: v[keep] for k, v in self.columns().items()},
                     x={k: v[keep] for k, v in self.x.items()})

    def flatten(self, crop, blocks):
        """Returns the features of a crop behind those blocks side by side: f16 [rows, width]."""
        return self.x[crop][:, [BLOCKS.index(b) for b in blocks]].reshape(len(self.label), -1)

    def is_photo(self):
        """Marks rows that show a photo or pass for one: no drawings, swaps or edits."""
        return np.isin(self.kind, PHOTO_KINDS)

    def is_reliable(self):
        """Marks photos that error rates are fitted on: no real ones of unreliable sources."""
        unreliable = np.isin(self.source, list(sources.UNRELIABLE)) & (self.label == 0)
        return self.is_photo() & ~unreliable


def load_table(runs, names, crop_names=("whole", "face")):
    """Loads all rows that have the features of those names, SET/WEIGHTS/PERTURBATION. Photos
    without a face have zeros for it."""
    parts = []
    for name in names:
        set_name, weights, perturbation = name.split("/")
        folder = os.path.join(runs, set_name)
        rows = crops.read_rows(folder)
        opened = {k: features.open_features(
            features.locate_features(folder, weights, perturbation, k), len(rows))
            for k in crop_names}
        have = np.ones(len(rows), bool)
        for crop, (_, done) in opened.items():
            needed = np.array([crop == "whole" or bool(r["faces"]) for r in rows])
            have &= (done == 1) | ~needed
        which = np.flatnonzero(have)
        some = [rows[i] for i in which]
        x = {k: np.stack([found[i] for i in which]) for k, (found, _) in opened.items()}
        parts.append(Table.build(some, [bool(r["faces"]) for r in some],
                                 which + OFFSETS[set_name], np.array([name] * len(which)), x))
    return Table.join(parts)


def assign_folds(table):
    """Assigns each row a fold: groups, largest first, go to the fold with fewest of their class.

    FFHQ is many photographers under one name: its photos are assigned one by one.
    """
    sizes = Counter(zip(table.group, table.label))
    fold, counts = {}, Counter()
    for (group, label), n in sorted(sizes.items(), key=lambda kv: (-kv[1], kv[0])):
        if group not in fold:
            fold[group] = min(range(FOLDS), key=lambda k: (counts[k, label], k))
        counts[fold[group], label] += n
    by_photo = np.isin(table.source, list(sources.SPLIT_BY_PHOTO))
    by_group = np.array([fold[g] for g in table.group])
    return np.where(by_photo, table.identity % FOLDS, by_group)


def weigh_rows(table, power=0.7):
    """Weighs each row: classes equal, a source (all builders are one) by its size to `power`."""
    builders = sources.BUILDERS_GROUP
    unit = np.where(table.group == builders, builders, table.source)
    keys = list(zip(table.label, unit, table.generator))
    sizes = Counter(keys)
    raw = np.array([sizes[k] ** (power - 1.0) for k in keys])
    for label in (0, 1):
        here = table.label == label
        raw[here] *= 0.5 * len(raw) / raw[here].sum()
    return raw
