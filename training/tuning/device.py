"""Where torch computes, and with which numbers."""

import time

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TUNING_DTYPE = torch.bfloat16 if DEVICE == "cuda" else torch.float32
SCORING_DTYPE = torch.float16 if DEVICE == "cuda" else torch.float32
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False

STARTED = time.time()


def log(*words):
    """Prints words behind the seconds since the start."""
    print(f"{time.time() - STARTED:6.1f}", *words, flush=True)
