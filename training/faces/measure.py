#!/usr/bin/env python3
"""Compare face detectors: recall, steadiness under edits, speed.

    python3 training/faces/measure.py recall     --nets DIR [--only NAME,...] [--list CSV] [--per-source N] [--labelled]
    python3 training/faces/measure.py steadiness --nets DIR [--only NAME,...] [--list CSV] [--photos N]
    python3 training/faces/measure.py speed      --nets DIR [--only NAME,...]

DIR holds short_range.onnx, back.onnx, full_range.onnx (convert_blazeface.py) and
centerface.onnx. CSV has columns path,label,source; paths are relative to it.
"""

import argparse
import collections
import csv
import io
import math
import pathlib
import random
import re
import time
from functools import partial

import numpy as np
import onnx
import onnxruntime
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

import face_boxes
from face_boxes import ROOT, Detector, Face, cut_input, iou

LABELS = pathlib.Path(__file__).with_name("labels.csv")
FACES = ROOT.parent / "shared" / "data" / "faces" / "train.csv"


class CenterFace:
    """CenterFace: heat map, log size, offset and landmarks at stride 4; RGB 0..255."""

    def __init__(self, path, side, score_min):
        model = onnx.load(path)
        for value, grid in [(model.graph.input[0], side)] + [(o, side // 4) for o in model.graph.output]:
            dims = value.type.tensor_type.shape.dim
            dims[0].dim_value, dims[2].dim_value, dims[3].dim_value = 1, grid, grid
        del model.graph.value_info[:]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.model = model
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.side, self.score_min = side, score_min

    def detect(self, image):
        image = image.convert("RGB")
        w, h = image.size
        length, side = max(w, h), self.side
        canvas, view = cut_input(image, -((length - w) // 2), -((length - h) // 2), length, side)
        heat, size, offset, marks = self.session.run(
            None, {self.session.get_inputs()[0].name: canvas.astype(np.float32).transpose(2, 0, 1)[None]}
        )
        rows = []
        for r, c in zip(*np.where(heat[0, 0] >= self.score_min)):
            bh, bw = (float(v) for v in np.exp(size[0, :, r, c]) * 4)
            x = (c + offset[0, 1, r, c] + 0.5) * 4 - bw / 2
            y = (r + offset[0, 0, r, c] + 0.5) * 4 - bh / 2
            eyes = []
            for j in (0, 1):
                eyes += [marks[0, 2 * j + 1, r, c] * bw + x, marks[0, 2 * j, r, c] * bh + y]
            rows.append([x, y, bw, bh, *eyes, heat[0, 0, r, c]])
        if not rows:
            return []
        faces = []
        for row in face_boxes.suppress(np.array(rows, np.float64), False):
            p = [view.to_photo(row[i] / side, row[i + 1] / side, side) for i in (0, 4, 6)]
            q = view.to_photo((row[0] + row[2]) / side, (row[1] + row[3]) / side, side)
            faces.append(Face(p[0][0] / w, p[0][1] / h, (q[0] - p[0][0]) / w, (q[1] - p[0][1]) / h,
                              (p[1][0] / w, p[1][1] / h), (p[2][0] / w, p[2][1] / h), float(row[8])))
        return sorted(faces, key=lambda f: -f.score * f.w * f.h)


def detectors(nets, only):
    nets = pathlib.Path(nets)
    # One pass over the photo alone; "+refining" adds the refining pass of face_boxes.py.
    short, back, full = (nets / f"{n}.onnx" for n in ("short_range", "back", "full_range"))

    def one(path, kind, side):
        return partial(Detector, path, kind, refine=False, first_passes=((8, side),), face_min=0.5)

    def two(path, kind, first_pass, refining_pass):
        return partial(Detector, path, kind, first_passes=(first_pass,),
                       refining_pass=refining_pass)

    table = {
        "short": one(short, "short", 128),
        "back": one(back, "back", 256),
        "full": one(full, "full", 192),
        "centerface-256": partial(CenterFace, nets / "centerface.onnx", 256, 0.5),
        "centerface-320": partial(CenterFace, nets / "centerface.onnx", 320, 0.5),
        "short-1.5+refining": two(short, "short", (12, 128), (24, 128)),
        "back+refining": two(back, "back", (8, 256), (24, 256)),
        "back-1.5+refining": two(back, "back", (12, 256), (24, 256)),
    }
    # Passes of other sizes, as 9@128,9@192+20@160/0.65: eighths and input side of the first passes
    # and of the refining pass, and the least score of a face.
    for name in only.split(";") if only else []:
        if parts := re.fullmatch(r"([\d@,]+)\+(\d+@\d+)/([\d.]+)", name):
            sizes = [*parts[1].split(","), parts[2]]
            *first_passes, refining_pass = [tuple(map(int, s.split("@"))) for s in sizes]
            table[name] = partial(Detector, back, "back", float(parts[3]),
                                  first_passes=first_passes, refining_pass=refining_pass)
    for name in only.split(";") if only else table:
        yield name, table[name]()


def load(path):
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def photos(path):
    path = pathlib.Path(path)
    with open(path, newline="") as f:
        return [dict(row, path=path.parent / row["path"]) for row in csv.DictReader(f)]


def recall(args):
    """Share of photos with a face found.

    labels.csv says what the doubtful photos of train.csv show: "face" (plainly
    visible, at least about 8 % of the longer side), "none" (no person) or
    "unclear" (tiny, hidden, from behind, statue, drawing, crowd). It lists every
    photo in which back-1.5+refining was less than sure; all others show a face.
    """
    rows = photos(args.list)
    with open(LABELS, newline="") as f:
        shown = {row["path"]: row["what"] for row in csv.DictReader(f)}
    for row in rows:
        relative = row["path"].relative_to(pathlib.Path(args.list).parent).with_suffix("").as_posix()
        row["what"] = shown.get(relative, "face" if args.labelled else "photo")
    if args.per_source:
        groups = collections.defaultdict(list)
        for row in rows:
            groups[row["label"], row["source"]].append(row)
        rng = random.Random(1)
        rows = [r for g in groups.values() for r in rng.sample(g, min(args.per_source, len(g)))]
    for name, detector in detectors(args.nets, args.only):
        total, found = collections.Counter(), collections.Counter()
        for row in rows:
            hit = bool(detector.detect(load(row["path"])))
            for key in (("all", row["label"]), (row["what"], row["label"]), (row["source"], row["label"])):
                total[key] += 1
                found[key] += hit
        kinds = ["all", *sorted({r["what"] for r in rows})]
        for what, label in [(k, l) for k in kinds for l in "01" if total[k, l]]:
            n, m = found[what, label], total[what, label]
            print(f"{name:20} label {label} {what:8} {n}/{m} = {n / m:.3f}", flush=True)
        worst = sorted({(r["source"], r["label"]) for r in rows}, key=lambda k: found[k] / total[k])
        for key in worst[: args.sources]:
            print(f"    {key[1]} {key[0]:24} {found[key]}/{total[key]}")


def edits(image, face, rng):
    """Name, edited photo, and the 2x3 matrix from its pixels to the original's."""
    w, h = image.size
    keep = np.array([[1, 0, 0], [0, 1, 0]], float)
    yield "mirror", ImageOps.mirror(image), np.array([[-1, 0, w], [0, 1, 0]], float)
    k = 320 / max(w, h)
    small = image.resize((max(1, round(w * k)), max(1, round(h * k))), Image.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=40)
    yield "jpeg40-320", Image.open(buffer).convert("RGB"), np.array(
        [[w / small.width, 0, 0], [0, h / small.height, 0]], float)
    box = (face.x * w, face.y * h, (face.x + face.w) * w, (face.y + face.h) * h)
    for share in (0.8, 0.6):
        cw, ch = int(w * share), int(h * share)
        # Offsets that keep the box inside, or as much of it as fits.
        def offset(lo, hi, size, whole):
            first, last = max(0, math.ceil(hi) - size), min(whole - size, math.floor(lo))
            if first > last:
                first = last = min(max(round((lo + hi - size) / 2), 0), whole - size)
            return rng.randint(first, last)

        x, y = offset(box[0], box[2], cw, w), offset(box[1], box[3], ch, h)
        yield f"crop{int(share * 100)}", image.crop((x, y, x + cw, y + ch)), np.array(
            [[1, 0, x], [0, 1, y]], float)
    for share in (0.05, 0.2):
        bw, bh = round(w * share), round(h * share)
        colour = rng.choice([(0, 0, 0), (255, 255, 255), (120, 90, 60)])
        canvas = Image.new("RGB", (w + 2 * bw, h + 2 * bh), colour)
        canvas.paste(image, (bw, bh))
        yield f"border{int(share * 100)}", canvas, np.array([[1, 0, -bw], [0, 1, -bh]], float)
    for degrees in (4, 8):
        angle = math.radians(degrees * rng.choice((-1, 1)))
        c, s = math.cos(angle), math.sin(angle)
        m = np.array([[c, -s, w / 2 - c * w / 2 + s * h / 2], [s, c, h / 2 - s * w / 2 - c * h / 2]])
        yield f"turn{degrees}", image.transform((w, h), Image.AFFINE, m.ravel().tolist(), Image.BICUBIC), m
    yield "bright1.35", ImageEnhance.Brightness(image).enhance(1.35), keep
    yield "dark0.65", ImageEnhance.Brightness(image).enhance(0.65), keep
    yield "blur", image.filter(ImageFilter.GaussianBlur(max(w, h) / 200)), keep


def geometry(face, size, matrix):
    """Box centre, box side, eye distance and eye angle in original pixels."""
    w, h = size
    to = lambda x, y: matrix @ np.array([x * w, y * h, 1.0])
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    centre = to(face.x + face.w / 2, face.y + face.h / 2)
    a, b = to(*face.eye_a), to(*face.eye_b)
    if np.linalg.det(matrix[:, :2]) < 0:
        a, b = b, a  # mirrored
    side = scale * math.sqrt(face.w * w * face.h * h)
    return centre, side, float(np.hypot(*(b - a))), math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))


def steadiness(args):
    rows = [r for r in photos(args.list) if r["label"] == "0"]
    random.Random(2).shuffle(rows)
    names = list(detectors(args.nets, args.only))
    # The same photos for every detector: those where each one finds a face at
    # least 8 % of the photo's longer side.
    chosen = []
    per_source = collections.Counter()
    for row in rows:
        if len(chosen) == args.photos:
            break
        if per_source[row["source"]] >= max(4, args.photos // 12):
            continue
        image = load(row["path"])
        firsts = [d.detect(image)[:1] for _, d in names]
        if all(firsts) and all(f[0].w * image.width >= 0.08 * max(image.size) for f in firsts) and all(
            iou(np.array([f[0].x, f[0].y, f[0].w, f[0].h]), np.array([g[0].x, g[0].y, g[0].w, g[0].h])) > 0.2
            for f in firsts for g in firsts[:1]
        ):
            chosen.append((image, firsts))
            per_source[row["source"]] += 1
    print(f"{len(chosen)} photos from {len(per_source)} sources")
    for i, (name, detector) in enumerate(names):
        table = collections.defaultdict(list)
        rng = random.Random(3)
        for image, firsts in chosen:
            size = image.size
            c0, s0, e0, r0 = geometry(firsts[i][0], size, np.eye(2, 3))
            for edit, changed, matrix in edits(image, firsts[0][0], rng):
                found = detector.detect(changed)
                if not found:
                    table[edit].append(None)
                    continue
                c, s, e, r = geometry(found[0], changed.size, matrix)
                turn = (r - r0 + 180) % 360 - 180
                table[edit].append((np.hypot(*(c - c0)) / s0, abs(math.log(s / s0)),
                                    abs(math.log(max(e, 1e-6) / max(e0, 1e-6))), abs(turn)))
        print(f"{name}: edit, found, then median / 90th percentile of centre shift (box sides),"
              " size change, eye distance change, roll change (degrees)")
        everything = [v for values in table.values() for v in values]
        for edit, values in [*table.items(), ("all", everything)]:
            good = np.array([v for v in values if v is not None])
            m, p = np.percentile(good, 50, axis=0), np.percentile(good, 90, axis=0)
            p = list(p)
            print(f"    {edit:11} {len(good) / len(values):.3f}  "
                  f"{m[0]:.3f} / {p[0]:.3f}   {100 * math.expm1(m[1]):4.1f} / {100 * math.expm1(p[1]):4.1f} %   "
                  f"{100 * math.expm1(m[2]):4.1f} / {100 * math.expm1(p[2]):4.1f} %   {m[3]:.2f} / {p[3]:.2f}")


def macs(model):
    """Multiply-adds of all Conv nodes, from inferred shapes."""
    model = onnx.shape_inference.infer_shapes(model)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in [*model.graph.value_info, *model.graph.output]}
    weights = {w.name: list(w.dims) for w in model.graph.initializer}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            total += math.prod(weights[node.input[1]]) * math.prod(shapes[node.output[0]][2:])
        elif node.op_type == "ConvTranspose":
            # weights [in, out/groups, kh, kw] applied at every input position
            source = shapes[node.input[0]]
            total += math.prod(weights[node.input[1]]) * math.prod(source[2:])
    return total


def speed(args):
    for name, detector in detectors(args.nets, args.only):
        session = detector.session
        side = getattr(detector, "side", None) or detector.firsts[0][1]
        shape = (1, 3, side, side)
        x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
        times = []
        for _ in range(60):
            start = time.perf_counter()
            session.run(None, {session.get_inputs()[0].name: x})
            times.append(time.perf_counter() - start)
        model = getattr(detector, "model", None) or onnx.load(detector.path)
        for dim, length in zip(model.graph.input[0].type.tensor_type.shape.dim, shape):
            dim.dim_value = length
        print(f"{name:15} {1000 * min(times):6.1f} ms best, {1000 * np.median(times):6.1f} ms median,"
              f" {macs(model) / 1e6:7.1f} M multiply-adds, input {list(shape)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = parser.add_subparsers(required=True)
    for function in (recall, steadiness, speed):
        p = sub.add_parser(function.__name__)
        p.set_defaults(run=function)
        p.add_argument("--nets", required=True)
        p.add_argument("--only", default="")
        p.add_argument("--list", default=FACES)
        p.add_argument("--per-source", type=int, default=0)
        p.add_argument("--sources", type=int, default=12)
        p.add_argument("--labelled", action="store_true", help="split by labels.csv")
        p.add_argument("--photos", type=int, default=100)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
