// Made by figures.py: change what it reads, not this file.

export const MODEL = "synthetic-8" as const;

export const THRESHOLDS_VERSION = "2026-11-27.3" as const;

export const MADE_BY_AI = {
  "unsure": {
    "score": 0.7868,
    "falsePositiveRate": 0.05,
    "heldOut": {
      "small pack, clean": {
        "real": 0.04,
        "madeByAi": 0.843
      },
      "small pack, worn": {
        "real": 0.043,
        "madeByAi": 0.744
      },
      "originals": {
        "real": 0.033,
        "madeByAi": 0.649
      },
      "originals, sent": {
        "real": 0.032,
        "madeByAi": 0.631
      }
    }
  },
  "suspect": {
    "score": 0.9422,
    "falsePositiveRate": 0.01,
    "heldOut": {
      "small pack, clean": {
        "real": 0.007,
        "madeByAi": 0.685
      },
      "small pack, worn": {
        "real": 0.007,
        "madeByAi": 0.495
      },
      "originals": {
        "real": 0.008,
        "madeByAi": 0.462
      },
      "originals, sent": {
        "real": 0.007,
        "madeByAi": 0.389
      }
    }
  },
  "fake": {
    "score": 0.9972,
    "falsePositiveRate": 0.001,
    "heldOut": {
      "small pack, clean": {
        "real": 0.0,
        "madeByAi": 0.226
      },
      "small pack, worn": {
        "real": 0.0,
        "madeByAi": 0.059
      },
      "originals": {
        "real": 0.001,
        "madeByAi": 0.082
      },
      "originals, sent": {
        "real": 0.001,
        "madeByAi": 0.02
      }
    }
  }
} as const;

export const MEASURED = {
  "small pack, clean": {
    "auroc": 0.985,
    "suspect": {
      "real": 0.002,
      "madeByAi": 0.743
    }
  },
  "small pack, worn": {
    "auroc": 0.951,
    "suspect": {
      "real": 0.002,
      "madeByAi": 0.511
    }
  },
  "full size, clean": {
    "auroc": 0.978,
    "suspect": {
      "real": 0.011,
      "madeByAi": 0.758
    }
  },
  "full size, 512 px JPEG 40": {
    "auroc": 0.977,
    "suspect": {
      "real": 0.006,
      "madeByAi": 0.688
    }
  }
} as const;

export const KNOWN_PHOTO = {
  "distanceMax": 31,
  "distanceWideMax": 45,
  "falseMatchRate": 2e-06,
  "foundPercent": {
    "mirror": 100.0,
    "border-5": 99.7,
    "letterbox": 98.7,
    "crop-80": 94.0,
    "crop-60": 75.3,
    "jpeg-40-320px": 100.0,
    "story-frame": 93.3,
    "all chains of three": 79.4,
    "mean over the edits": 95.8
  }
} as const;
