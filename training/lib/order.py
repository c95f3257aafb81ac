"""In which order photos are computed where time is short: every source soon, large ones in part."""

import hashlib
from collections import defaultdict

from lib import sources

# FFHQ's real photos and StyleGAN's of the same crop are what is confused most (the model card).
BOOSTS = {"realorfake_ffhq": 6, "sg2_hardfake300": 4, "unsplash-hardreal": 2, "sd21_sdfd": 2}
MADE_BOOST, UNRELIABLE_BOOST, BUILDERS_BOOST = 1.5, 0.5, 2
# What happens to an original, in eighths.
VIEWS = ["fresh"] * 4 + ["sent"] * 2 + ["worn1"] * 2


def draw(row):
    """Returns a number that belongs to the photo."""
    return int(hashlib.sha1(row["path"].encode()).hexdigest()[:8], 16)


def choose_view(row):
    """Chooses the one perturbation that an original of train is seen under."""
    return VIEWS[draw(row) % len(VIEWS)]


def weigh_unit(source, label):
    if source in BOOSTS:
        return BOOSTS[source]
    if source in sources.UNRELIABLE and not label:
        return UNRELIABLE_BOOST
    return MADE_BOOST if label else 1


def rank(rows, which):
    """Orders the indices `which` of rows so that, wherever it is cut off, a source has some share
    of the root of its size; all site builders are one source."""
    units = defaultdict(list)
    for i in which:
        built = sources.name_group(rows[i]) == sources.BUILDERS_GROUP
        units[sources.BUILDERS_GROUP if built else rows[i]["source"], rows[i]["label"]].append(i)
    placed = []
    for (unit, label), some in units.items():
        boost = BUILDERS_BOOST if unit == sources.BUILDERS_GROUP else weigh_unit(unit, label)
        weight = boost * len(some) ** 0.5
        some.sort(key=lambda i: draw(rows[i]))
        placed += [((k + 1) / weight, i) for k, i in enumerate(some)]
    return [i for _, i in sorted(placed)]
