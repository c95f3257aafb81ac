"""Twins: real photos as they are, and as a latent model's decoder draws them; content alike.

    twins.py pack --name twins --most 150          here: sizes the real photos and packs them
    twins.py decode --name twins --decoder AE.pt   where a GPU is: draws the second of each pair
    twins.py unpack --name twins                   here: writes both as the splits `kept`, `redrawn`
    twins.py compare --train SETS --shares 0,0.15  heads without and with them, on folds of sources

`pack` brings the short side of each real photo of train to between 256 and 640 px (never up) and
writes RUNS/squares/NAME.bin and .json; `decode` writes NAME-decoded-K.bin, some 15 MB each, and
NAME-decoded.json. Both of a pair are encoded alike, so that only the decoder tells them apart. `compare` wants looks and
features of both, as `fresh-originals-kept` and `fresh-originals-redrawn`.
"""

import argparse
import csv
import hashlib
import io
import json
import math
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from PIL import Image

import boxes
import data
import lives
import looks

SHORT_LEAST, SHORT_MOST, LONG_MOST = 256, 640, 1024
PART = 15_500_000


def jpeg_of(image):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()


def sized(task):
    root, row = task
    try:
        image = data.open_photo(os.path.join(root, row["path"]))
    except Exception as error:  # noqa: BLE001 - one bad file must not end the run
        print(f"{row['path']}: {error}", file=sys.stderr)
        return None
    rng, short = lives.rng_for(row["path"], "twin"), min(image.size)
    if short < SHORT_LEAST:
        goal = short
    else:
        high = min(SHORT_MOST, short)
        goal = math.exp(rng.uniform(math.log(SHORT_LEAST), math.log(high)))
    factor = min(1.0, goal / short, LONG_MOST / max(image.size))
    image, box = lives.resized(image, tuple(row["box"]), factor, rng.choice(lives.FILTERS[:-1]))
    w, h = (side // 8 * 8 for side in image.size)
    if max(box[2], box[3]) < 40 or min(w, h) < 96:
        return None
    return row | {"box": [round(v, 2) for v in box]}, jpeg_of(image.crop((0, 0, w, h)))


def pack(args, folder):
    tasks = []
    for split in ("train", "more"):
        found = boxes.read(args.runs, "originals", split)
        photos = [p for p in data.read_photos(args.originals, split) if p.label == 0]
        for p in data.capped(photos, args.most):
            seen = found.get(p.path)
            if seen and seen["faces"]:
                tasks.append((args.originals, {
                    "path": p.path, "source": p.source, "generator": p.generator,
                    "box": looks.foremost(seen["faces"])[:4]}))
    rows, at = [], 0
    with open(os.path.join(folder, args.name + ".bin"), "wb") as f:
        with ProcessPoolExecutor(2) as pool:
            for found in pool.map(sized, tasks, chunksize=20):
                if found:
                    rows.append(found[0] | {"bytes": [at, len(found[1])]})
                    at += f.write(found[1])
    with open(os.path.join(folder, args.name + ".json"), "w", encoding="utf-8") as f:
        json.dump(rows, f)
    print(f"{args.name}: {len(rows)} photos, {at} bytes")


def pieces(folder, name, rows):
    with open(os.path.join(folder, name + ".bin"), "rb") as f:
        for row in rows:
            f.seek(row["bytes"][0])
            yield row, f.read(row["bytes"][1])


def decode(args, folder):
    import torch

    import autoencoders

    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = autoencoders.Autoencoder(args.decoder).to(device).eval()
    net = net.to(memory_format=torch.channels_last)
    plain = {k: v.clone() for k, v in net.decoder.state_dict().items()}
    torch.manual_seed(1)
    with open(os.path.join(folder, args.name + ".json"), encoding="utf-8") as f:
        rows = json.load(f)
    out, part, size, done = None, -1, PART + 1, []
    for count, (row, photo) in enumerate(pieces(folder, args.name, rows)):
        if count % 32 == 0:  # another decoder of the same family every now and then
            autoencoders.shaken(net, plain, float(torch.rand(1)) * args.shake)
        image = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB"))
        x = torch.from_numpy(image.copy()).to(device).permute(2, 0, 1)[None].float()
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            y = net(x.to(memory_format=torch.channels_last)).float()
        drawn = y[0].round().byte().permute(1, 2, 0).cpu().numpy()
        found = jpeg_of(Image.fromarray(drawn))
        if size + len(found) > PART:
            part, size = part + 1, 0
            out = open(os.path.join(folder, f"{args.name}-decoded-{part}.bin"), "wb")
        done.append(row | {"bytes": [part, size, len(found)]})
        size += out.write(found)
    out.close()
    with open(os.path.join(folder, args.name + "-decoded.json"), "w", encoding="utf-8") as f:
        json.dump(done, f)
    print(f"{len(done)} photos in {part + 1} parts")


def kept(args, split, label, generator, rows, photos):
    """Files under ORIGINALS/SPLIT/, its CSV, and the boxes, which are known."""
    table, found = [], {}
    for row, photo in zip(rows, photos):
        path = os.path.join(split, os.path.splitext(row["path"])[0] + ".jpg")
        full = os.path.join(args.originals, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(photo)
        with Image.open(io.BytesIO(photo)) as image:
            found[path] = {"size": list(image.size), "faces": [row["box"] + [1.0]]}
        table.append([path, label, row["source"], generator or row["generator"]])
    with open(os.path.join(args.originals, split + ".csv"), "w", newline="",
              encoding="utf-8") as f:
        csv.writer(f).writerows([["path", "label", "source", "generator"]] + table)
    boxes.write(boxes.cache_path(args.runs, "originals", split), found)
    print(f"{split}: {len(table)} photos")


def unpack(args, folder):
    with open(os.path.join(folder, args.name + "-decoded.json"), encoding="utf-8") as f:
        rows = json.load(f)
    files = {}
    for row in rows:
        part = row["bytes"][0]
        if part not in files:
            with open(os.path.join(folder, f"{args.name}-decoded-{part}.bin"), "rb") as f:
                files[part] = f.read()
    drawn = [files[p][at : at + size] for p, at, size in (r["bytes"] for r in rows)]
    kept(args, "redrawn", 1, "TAEF2", rows, drawn)
    with open(os.path.join(folder, args.name + ".json"), encoding="utf-8") as f:
        first = json.load(f)
    assert [r["path"] for r in first] == [r["path"] for r in rows]
    again = (jpeg_of(Image.open(io.BytesIO(b)).convert("RGB"))
             for _, b in pieces(folder, args.name, first))
    kept(args, "kept", 0, None, first, again)


def with_twins(args, variant, base, fold):
    """The rows of both splits beside those of `base`, and the fold of the photo each comes from."""
    import compare
    import heads

    with open(os.path.join(args.runs, "squares", args.name + ".json"), encoding="utf-8") as f:
        first = {os.path.splitext(r["path"])[0]: r["path"] for r in json.load(f)}
    of_group, tables, folds = dict(zip(base["group"], fold)), [base], [fold]
    for split in ("kept", "redrawn"):
        table = compare.load(args, variant, "fresh-originals-" + split)
        paths = [first[os.path.splitext(p.split(os.sep, 1)[1])[0]] for p in table["path"]]
        dealt = [int(hashlib.sha1(p.encode()).hexdigest(), 16) % data.FOLDS for p in paths]
        tables.append(table)
        folds.append(np.array([d if g in data.DEALT else of_group[g]
                               for g, d in zip(table["group"], dealt)]))
    return heads.join(tables), np.concatenate(folds)


def compared(args, _folder):
    """Held-out figures of linear heads; of all weight, each of the two splits has a share."""
    import compare
    import heads

    variant = compare.parse("thin+traces:0,1:linear:1e-2:0.7")
    base = heads.join([compare.load(args, variant, n) for n in args.train.split(",")])
    fold = compare.fold_numbers(base)
    table, folds = with_twins(args, variant, base, fold)
    plain = heads.row_weights

    def weights(part, power):
        found, keys = np.zeros(len(part["label"])), ("label", "source", "generator")
        for number, name in enumerate(("", "fresh-originals-kept", "fresh-originals-redrawn")):
            here = part["set"] == name if name else np.isin(part["set"], args.train.split(","))
            if here.any():
                own = plain({k: part[k][here] for k in keys}, power)
                total = share * len(found) if number else here.sum()
                found[here] = own / own.sum() * total
        return found

    for share in (float(v) for v in args.shares.split(",")):
        use = np.isin(table["set"], args.train.split(",")) | (share > 0)
        heads.row_weights = weights
        scores = np.zeros(len(fold))
        for k in range(data.FOLDS):
            found = heads.fit_linear(heads.subset(table, use & (folds != k)), 1e-2, 0.7, steps=40)
            scores[fold == k] = heads.logits_of(found, heads.subset(base, fold == k)).sum(1)
        heads.row_weights = plain
        compare.show(f"twins {share}", [
            compare.line(n, heads.subset(base, base["set"] == n), scores[base["set"] == n])
            for n in args.train.split(",")], 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data.add_arguments(parser)
    parser.add_argument("step", choices=["pack", "decode", "unpack", "compare"])
    parser.add_argument("--name", default="twins")
    parser.add_argument("--decoder")
    parser.add_argument("--shake", type=float, default=0.06, help="most noise on the decoder's weights")
    parser.add_argument("--train")
    parser.add_argument("--shares", default="0,0.15")
    parser.add_argument("--most-lives", type=int)
    args = parser.parse_args()
    folder = os.path.join(args.runs, "squares")
    os.makedirs(folder, exist_ok=True)
    steps = {"pack": pack, "decode": decode, "unpack": unpack, "compare": compared}
    steps[args.step](args, folder)


if __name__ == "__main__":
    main()
