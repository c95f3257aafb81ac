"""Which originals are the same photos as some of the small pack, in sources split by photo.

Such a source (sources.SPLIT_BY_PHOTO) is assigned to folds photo by photo, so both copies of a
photo must go to the same fold, or a photo is judged by heads that have seen it.
"""

import numpy as np
from PIL import Image

from lib import photos, sources

SIDE = 16
SAME = 0.98  # correlation of two thumbnails; different photos stay below


def shrink(row):
    """Returns the centred and scaled thumbnail of a photo's centred square."""
    image = photos.open_photo(photos.locate(row)).convert("L")
    side = min(image.size)
    left, top = ((s - side) // 2 for s in image.size)
    square = image.crop((left, top, left + side, top + side))
    values = np.asarray(square.resize((SIDE, SIDE), Image.BOX), np.float32).ravel()
    values = values - values.mean()
    return values / (np.linalg.norm(values) + 1e-6)


def mark_twins(originals, small):
    """Writes `twin` into the rows of originals: the index of the same photo among the small."""
    for source in sources.SPLIT_BY_PHOTO:
        ours = [r for r in originals if r["source"] == source and r["split"] == "train"]
        theirs = [i for i, r in enumerate(small) if r["source"] == source and r["split"] == "train"]
        if not ours or not theirs:
            continue
        known = np.stack([shrink(small[i]) for i in theirs])
        for row in ours:
            alike = known @ shrink(row)
            if alike.max() > SAME:
                row["twin"] = theirs[int(alike.argmax())]
