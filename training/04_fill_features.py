"""Cut crops and compute features photo by photo, those first that say most. One process, one core.

    04_fill_features.py --weights q5 --seconds 3600

Steps 2 and 4 in one, where there is no time for everything: the small pack clean and the originals
of train, each under one perturbation (lib/order.py), by turns; then, with --val, the originals of
val, clean. It decodes a photo once for its faces and its crops, and computes with
lib/trunk_int8.py. Continues where it stopped.
"""

import argparse
import os
import sys
import time

from lib import (boxes, crops, features, order, paths, perturbations, photos, trunk, trunk_int8,
                 twins)

VAL_MAX = 25  # of val's originals, of each source and generator
SAVE_SECONDS = 60


class PhotoSet:
    """A set's rows, crops and features, opened as they are needed."""

    def __init__(self, runs, name, weights, rows):
        self.folder, self.weights = os.path.join(runs, name), weights
        if crops.read_rows(self.folder) is None:
            crops.write_rows(self.folder, [{"size": None, "faces": None} | r for r in rows])
        self.rows, self.opened, self.saved = crops.read_rows(self.folder), {}, time.time()

    def open(self, perturbation):
        """Opens (pixels, cut) and, for each crop, (features, computed)."""
        if perturbation not in self.opened:
            base = os.path.join(crops.locate_folder(self.folder), perturbation)
            mode = "r+" if os.path.exists(base + ".done.u8") else "w+"
            arrays = [crops.open_arrays(base, len(self.rows), mode)]
            for crop in crops.CROPS:
                base = features.locate_features(self.folder, self.weights, perturbation, crop)
                os.makedirs(os.path.dirname(base), exist_ok=True)
                mode = "r+" if os.path.exists(base + ".done.u8") else "w+"
                arrays.append(features.open_features(base, len(self.rows), mode))
            self.opened[perturbation] = arrays
        return self.opened[perturbation]

    def save(self):
        crops.write_rows(self.folder, self.rows)
        self.saved = time.time()

    def cut(self, i, perturbation):
        """Decodes a photo, finds its faces if nobody has, perturbs and cuts it."""
        (pixels, cut), row = self.open(perturbation)[0], self.rows[i]
        image = photos.open_photo(photos.locate(row))
        if row["faces"] is None:
            row["size"], row["faces"] = list(image.size), boxes.find_faces(image)
        box = boxes.choose_box(row["faces"])
        pixels[i] = crops.cut_crops(*perturbations.perturb(perturbation, image, box, row["path"]))
        cut[i] = 1

    def compute(self, i, perturbation, net):
        """Computes what one photo lacks; returns how many crops that was."""
        (pixels, cut), *found = self.open(perturbation)
        row, count = self.rows[i], 0
        if not cut[i] or row["faces"] is None:
            try:
                self.cut(i, perturbation)
            except OSError as error:
                print(f"{row['path']}: {error}", file=sys.stderr)
                return 0
        for k, (out, done) in enumerate(found):
            if not done[i] and (crops.CROPS[k] == "whole" or row["faces"]):
                photo = trunk.normalise_pixels(pixels[i:i + 1, k])
                out[i], done[i] = net.infer({0: photo})[0].reshape(out.shape[1:]), 1
                count += 1
        if time.time() - self.saved > SAVE_SECONDS:
            self.save()
        return count


def read_originals(small):
    """Reads the rows of all originals of train, and of val at most VAL_MAX of a kind."""
    val = photos.cap_rows(photos.read_rows(paths.ORIGINALS, "val"), VAL_MAX)
    train = photos.read_rows(paths.ORIGINALS, "train")
    rows = [r for part in (val, train) for r in sorted(part, key=lambda r: r["path"])]
    twins.mark_twins(rows, small)
    return rows


def plan(small, originals, with_val):
    """Lists (set, photo, perturbation) in the order in which they are done."""
    def pick(rows, wanted):
        return order.rank(rows, [i for i, r in enumerate(rows) if (r["split"] == "val") == wanted])

    first = [(small, i, "clean") for i in pick(small.rows, False)]
    second = [(originals, i, order.choose_view(originals.rows[i]))
              for i in pick(originals.rows, False)]
    shares = [((k + 1) / len(part), n, task) for n, part in enumerate((first, second[:len(first)]))
              for k, task in enumerate(part)]
    tasks = [task for *_, task in sorted(shares, key=lambda s: s[:2])] + second[len(first):]
    if with_val:
        tasks = [(originals, i, "clean") for i in pick(originals.rows, True)] + tasks
    return tasks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default=paths.RUNS)
    parser.add_argument("--weights", default="q5", help="NAME of RUNS/trunk/NAME.npz, rounded")
    parser.add_argument("--seconds", type=float, default=3600, help="after which it stops")
    parser.add_argument("--val", action="store_true", help="the originals of val before the others")
    args = parser.parse_args()
    small = PhotoSet(args.runs, "small", args.weights, photos.read_small_pack())
    originals = PhotoSet(args.runs, "originals", args.weights, read_originals(small.rows))
    net = trunk_int8.compile_model(trunk.read_weights(args.runs, args.weights))
    started, tasks, count = time.time(), plan(small, originals, args.val), 0
    for at, (photo_set, i, perturbation) in enumerate(tasks):
        if time.time() - started > args.seconds:
            break
        count += photo_set.compute(i, perturbation, net)
        if at % 250 == 249:
            spent = time.process_time() / max(count, 1)
            print(f"{at + 1}/{len(tasks)}, {count} crops, {spent * 1e3:.0f} ms each", flush=True)
    small.save()
    originals.save()


if __name__ == "__main__":
    main()
