"""Count the scores of labelled photos in bins, for the program to compare a platform's photos with.

    16_count_scores.py --model ../models/synthetic-8 --scores val-scores.csv --photos "val of the small pack"

The list has the columns `label` (1: AI-made) and `score`, which is empty where the photo has none.
Writes scores.toml into the model's folder. `--chance COUNT` writes nothing: it draws days of COUNT
photos from what is there and says how far they lie from it by chance alone.
"""

import argparse
import bisect
import csv
import math
import os
import random
import tomllib

# Those of core/src/evaluation/drift.rs, which refuses others.
ENDS = [50, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 990, 1000]
PRIOR = 0.5
STEPS = 500


def count(rows):
    """Returns the counts of each bin, of real and of AI-made photos."""
    ends = [end / 1000 for end in ENDS]
    counts = [[0] * len(ENDS), [0] * len(ENDS)]
    for row in rows:
        if row["score"]:
            counts[int(row["label"])][bisect.bisect_left(ends, float(row["score"]))] += 1
    return counts


def shares(counts):
    total = sum(counts) + PRIOR * len(counts)
    return [(one + PRIOR) / total for one in counts]


def measure_drift(real, ai, day):
    """Returns the distance and the share of AI-made photos of a day, as the program does."""
    real, ai, share = shares(real), shares(ai), 0.5
    for _ in range(STEPS):
        share = sum(n * share * a / (share * a + (1 - share) * r)
                    for n, r, a in zip(day, real, ai)) / sum(day)
    mixed = [r + share * (a - r) for r, a in zip(real, ai)]
    return sum((d - m) * math.log(d / m) for d, m in zip(shares(day), mixed)), share


def draw(rng, real, ai, share, photos, card_too):
    """Returns a day of so many photos; `card_too` draws the card itself anew as well."""
    def drawn(counts, size):
        found = [0] * len(counts)
        for place in rng.choices(range(len(counts)), weights=counts, k=size):
            found[place] += 1
        return found

    ai_photos = round(share * photos)
    day = [r + a for r, a in zip(drawn(real, photos - ai_photos), drawn(ai, ai_photos))]
    if card_too:
        return drawn(real, sum(real)), drawn(ai, sum(ai)), day
    return real, ai, day


def say_chance(real, ai, photos):
    rng = random.Random(7)
    for share in (0.02, 0.1, 0.4):
        drawn = (draw(rng, real, ai, share, photos, True) for _ in range(1000))
        distances = sorted(measure_drift(*one)[0] for one in drawn)
        median, high, highest = distances[499], distances[949], distances[989]
        print(f"{photos} photos, {share:.0%} AI-made: half up to {median:.3f}, "
              f"95 % up to {high:.3f}, 99 % up to {highest:.3f}")


def write_counts(folder, photos, real, ai):
    with open(os.path.join(folder, "model.toml"), "rb") as f:
        facts = tomllib.load(f)
    with open(os.path.join(folder, "scores.toml"), "w", encoding="utf-8") as f:
        f.write(f'''# How many labelled photos have a score in each bin, by training/16_count_scores.py. With them the
# program compares the scores of a platform's photos (docs/drift.md).
model = "{facts["name"]}"
# of the model's heads.onnx
heads_sha256 = "{facts["sha256"]}"
photos = "{photos}"
# upper ends of the bins, in thousandths
ends = {ENDS}
real = {real}
ai_made = {ai}
''')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--scores", help="list of labels and scores, CSV")
    parser.add_argument("--photos", help="which photos they are, in words")
    parser.add_argument("--chance", type=int, help="photos of a day to draw")
    args = parser.parse_args()
    if args.chance:
        with open(os.path.join(args.model, "scores.toml"), "rb") as f:
            kept = tomllib.load(f)
        say_chance(kept["real"], kept["ai_made"], args.chance)
        return
    with open(args.scores, newline="", encoding="utf-8") as f:
        real, ai = count(csv.DictReader(f))
    write_counts(args.model, args.photos, real, ai)
    print(f"{sum(real)} real and {sum(ai)} AI-made photos with a score")


if __name__ == "__main__":
    main()
