"""The photos whose crops are there (cut_crops.py), with the crops kept on the GPU."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from lib import crops
from lib import table as tables
from tuning import cut_crops
from tuning.device import DEVICE, log

HELD_OUT_ROUNDS = 2  # rounds that held-out photos are scored in
ROUND_SHARE_MIN = 0.9  # of its crops that a round must have to be trained on
PIECE = 512


class Photos:
    """Rows, crops, folds and weights. `pixels` is [photo, round, crop, side, side, 3]."""

    def __init__(self, args):
        rows = cut_crops.read_rows(args.parcels)
        done = [np.array(cut_crops.open_round(args.crops, r, len(rows))[1])
                for r in range(args.rounds)]
        keep = np.flatnonzero((done[0] == cut_crops.CUT) & (done[1] == cut_crops.CUT))
        self.rounds = [r for r, d in enumerate(done)
                       if r < HELD_OUT_ROUNDS or (d[keep] > 0).mean() > ROUND_SHARE_MIN]
        if args.limit:
            keep = np.sort(np.random.default_rng(0).choice(keep, args.limit, replace=False))
        self.rows, self.count = [rows[i] for i in keep], len(keep)
        have = [done[r][keep] == cut_crops.CUT for r in self.rounds]
        self.have = torch.from_numpy(np.stack(have, 1)).to(DEVICE)
        self.load_pixels(args.crops, keep, len(rows))
        log(f"{self.count} photos, rounds {self.rounds}, {self.pixels.numel() / 1e9:.1f} GB")
        splits = np.array([r["split"] for r in self.rows])
        self.keys = [r["key"] for r in self.rows]
        photo = np.array([cut_crops.number_photo(key) for key in self.keys])
        self.table = cut_crops.make_table(self.rows, photo, splits)
        self.val = splits == "val"
        self.fits = self.table.is_photo() & ~self.val
        self.fold = np.full(self.count, -1)
        self.fold[~self.val] = tables.assign_folds(self.table.take(~self.val))
        self.weight = np.zeros(self.count)
        self.weight[self.fits] = tables.weigh_rows(self.table.take(self.fits))
        self.label = torch.from_numpy(self.table.label).float().to(DEVICE)
        self.face = torch.from_numpy(self.table.face).to(DEVICE)

    def load_pixels(self, folder, keep, count):
        """Copies the crops of the rows in `keep` to the GPU."""
        shape = (len(keep), len(self.rounds), len(crops.CROPS), crops.SIDE, crops.SIDE, 3)
        self.pixels = torch.empty(shape, dtype=torch.uint8, device=DEVICE)
        for k, number in enumerate(self.rounds):
            pixels = cut_crops.open_round(folder, number, count)[0]

            def copy(at, k=k, pixels=pixels):
                some = torch.from_numpy(pixels[keep[at:at + PIECE]])
                self.pixels[at:at + PIECE, k] = some.to(DEVICE)
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(copy, range(0, len(keep), PIECE)))

    def draw_batch(self, some, smoothing):
        """Draws a round for each of some photos and changes the crops a little. Returns crops of
        both kinds as f32, whole photos first; smoothed labels; which have a face."""
        chance = self.have[some].float()
        chance[:, 0] *= 2  # as the photo is
        number = torch.multinomial(chance, 1)[:, 0]
        pixels = self.pixels[some, number].transpose(0, 1).flatten(0, 1).float()
        goal = self.label[some] * (1 - 2 * smoothing) + smoothing
        return augment(pixels), goal, self.face[some].float()


def augment(pixels):
    """Mirrors, greys, relights and adds noise to crops f32 [n, side, side, 3], each by chance."""
    def draw(low=0.0, high=1.0):
        return low + (high - low) * torch.rand(len(pixels), 1, 1, 1, device=DEVICE)

    pixels = torch.where(draw() < 0.5, pixels.flip(2), pixels)
    grey = (pixels * pixels.new_tensor([0.299, 0.587, 0.114])).sum(-1, keepdim=True)
    pixels = torch.where(draw() < 0.04, grey, pixels)
    relit = (pixels - 128) * draw(0.8, 1.2) + 128 + draw(-20, 20)
    pixels = torch.where(draw() < 0.15, relit, pixels)
    noisy = pixels + draw(1, 6) * torch.randn_like(pixels)
    pixels = torch.where(draw() < 0.10, noisy, pixels)
    pixels = torch.where(draw() < 0.5, pixels + torch.rand_like(pixels) - 0.5, pixels)
    return pixels.clamp(0, 255)
