"""Compute features of faces that sit as FFHQ's do: what generators that learned from FFHQ drew, FFHQ's
own photos, and other cameras' photos cut out and turned the same way.

    13_compute_aligned.py --weights q5

Writes RUNS/aligned/ROUND.npz for each round: `rows` (one JSON object a photo) and `x`, features of
the whole square, f16. A round is one more random version of each photo; val's photos are taken as
they are, and once more as 512px-j40. Continues where it stopped.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import time

import numpy as np
from PIL import Image

from faces import face_boxes
from lib import alignment, crops, paths, perturbations, photos, squares, trunk, trunk_int8

SHIFT_MAX = 0.05  # of a side
SIDE_MIN, SIDE_MAX = 160, 1024  # pixels of the template's square in a photo that is cut out by us
VERSIONS_OF_FFHQ = 5
SHARDS = 8
VAL_SPLITS = ("val", "val-small")
FFHQ = "realorfake_ffhq"
GANS_MAX = 300  # photos of a source and generator
OTHERS_MAX = 25  # real photos of another source
SPLITS = ("train", "val")
GANS = ("StyleGAN", "ProGAN", "EG3D", "SFHQ", "generated.photos")


def is_gan(row):
    return row["label"] == 1 and any(name in row["generator"] for name in GANS)


def read_photos():
    """Reads the rows that matter: GANs and FFHQ of every pack, and real photos to cut out."""
    rows = [r for split in SPLITS for r in photos.read_rows(paths.ORIGINALS, split)]
    rows += photos.read_rows(paths.MORE_PACK, "more", "labels.csv")
    rows += [dict(r, split="val-small") for r in photos.read_rows(paths.SMALL_PACK, "val")]
    gans = [r for r in rows if is_gan(r) or r["source"] == FFHQ]
    others = [r for r in rows if r["kind"] == "real" and r["source"] != FFHQ]
    return photos.cap_rows(gans, GANS_MAX) + photos.cap_rows(others, OTHERS_MAX)


def vary(image, rng):
    """Mirrors, shifts, makes smaller and encodes a square, at random."""
    if rng.random() < 0.5:
        image = perturbations.mirror(image, None)[0]
    if rng.random() < 0.35:
        w, h = image.size
        left, top, right, bottom = (rng.uniform(0, SHIFT_MAX) * rng.choice([0, 1]) for _ in range(4))
        image = image.crop((int(left * w), int(top * h), int(w - right * w), int(h - bottom * h)))
        image = image.crop((0, 0, min(image.size), min(image.size)))
    side, most = image.size[0], 320 if rng.random() < 0.6 else 1024
    goal = round(np.exp(rng.uniform(np.log(160), np.log(max(161, min(most, side))))))
    if goal < side:
        image = image.resize((goal, goal), rng.choice(perturbations.SMOOTH_FILTERS))
    if rng.random() < 0.3:
        image = perturbations.encode(image, "jpeg", rng.randint(60, 95), rng.choice([0, 2]))
    return perturbations.encode(image, "jpeg", rng.randint(50, 96), rng.choice([0, 2]))


class Cutter:
    """Cuts the squares of a photo."""

    def __init__(self):
        self.detector = face_boxes.default()

    def find(self, row):
        """Reads a photo; notes how its face sits and whether it is cut out by us. Returns its
        square, or None where it has none."""
        image = photos.open_photo(photos.locate(row))
        faces = self.detector.detect(image)
        if not faces:
            return None
        face = self.detector.place_for_detector(image, faces[0])
        measured = alignment.measure_alignment(face, *image.size)
        row |= {"size": list(image.size), "alignment": measured, "is_cut": False,
                "aligned": alignment.is_within(measured)}
        if row["aligned"]:
            x0, y0, side = squares.place_whole_square(*image.size)
            return image.crop((x0, y0, x0 + side, y0 + side))
        if row["split"] in VAL_SPLITS or row["label"]:
            return None
        at = alignment.place_template(face, *image.size)
        side = 2 * np.hypot(at.half_x, at.half_y)
        if side < SIDE_MIN:
            return None
        row["is_cut"] = True
        return alignment.cut_template(image, at, int(min(SIDE_MAX, side)))

    def cut(self, row):
        """Returns the squares of a photo's versions, as the network takes them in."""
        square = self.find(row)
        if square is None:
            return []
        if row["split"] in VAL_SPLITS:
            names = ["clean", "512px-j40"] if row["split"] == "val" else ["clean"]
            made = [perturbations.perturb(n, square, None, row["path"])[0] for n in names]
        else:
            count = VERSIONS_OF_FFHQ if row["source"] == FFHQ else 1
            made = [vary(square, random.Random(f"{row['path']} {n}")) for n in range(count)]
        return [squares.cut_square(image, squares.place_whole_square(*image.size), crops.SIDE)
                for image in made]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--weights", default="q5")
    args = parser.parse_args()
    folder = os.path.join(args.runs, "aligned")
    os.makedirs(folder, exist_ok=True)
    net, cutter = trunk_int8.compile_model(trunk.read_weights(args.runs, args.weights)), Cutter()
    rows = sorted(read_photos(), key=lambda r: hashlib.sha1(r["path"].encode()).digest())
    print(len(rows), "photos", flush=True)
    for shard in range(SHARDS):
        path = os.path.join(folder, f"{shard}.npz")
        if os.path.exists(path):
            continue
        seen, found, started = [], [], time.time()
        for row in rows[shard::SHARDS]:
            try:
                made = cutter.cut(row)
            except OSError as error:
                print(row["path"], error, file=sys.stderr)
                continue
            for version, pixels in enumerate(made):
                photo = trunk.normalise_pixels(np.asarray(pixels)[None])
                found.append(net.infer({0: photo})[0].reshape(-1).astype(np.float16))
                seen.append(json.dumps(row | {"version": version}))
            if not made:
                seen.append(json.dumps(row | {"version": None}))
        np.savez(path + ".new.npz", rows=np.array(seen), x=np.array(found))
        os.replace(path + ".new.npz", path)
        print(shard, len(seen), len(found), round(time.time() - started), flush=True)


if __name__ == "__main__":
    main()
