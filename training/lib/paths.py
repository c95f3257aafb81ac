"""Where things lie: this repository, the shared photos beside it, and what the steps write."""

import os

TRAINING = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPOSITORY = os.path.dirname(TRAINING)
MODELS = os.path.join(REPOSITORY, "models")
FIXTURES = os.path.join(REPOSITORY, "fixtures")
SHARED = os.path.join(REPOSITORY, "..", "shared", "data")
SMALL_PACK = os.path.join(SHARED, "faces")
MORE_PACK = os.path.join(SHARED, "more")
ORIGINALS = os.path.join(TRAINING, "data", "originals")
RUNS = os.path.join(TRAINING, "runs")
