"""Figures of tuned models that are printed while the machine is there."""

import numpy as np

from lib import measures
from lib import table as tables
from tuning import cut_crops
from tuning.device import log
from tuning.photos import HELD_OUT_ROUNDS
from tuning.trainer import join_logits


def report(name, photos, logits, folds=range(tables.FOLDS)):
    """Prints and returns figures of held-out photos of some folds, by pack and round."""
    table, joint = photos.table, join_logits(logits)
    scored = table.is_reliable() & table.face & np.isin(photos.fold, list(folds))
    packs = {"small": table.split != "originals", "originals": table.split == "originals"}
    found = {}
    for pack, which in packs.items():
        for number in range(HELD_OUT_ROUNDS):
            here = scored & which & np.isfinite(joint[:, number])
            if len(set(table.label[here])) < 2:
                continue
            figures = measure(table.take(here), joint[here, number])
            found[f"{pack}-{number}"] = figures
            log(f"{name} {pack} round {number} n {here.sum()}: AUROC {figures[0]:.4f} "
                f"1% {figures[1]:.3f} 0.5% {figures[2]:.3f}; "
                f"GAN, SD caught, FFHQ over: {figures[3:]}")
    return found


def measure(rows, score):
    """Returns AUROC, TPR at 1 % and 0.5 %, and the shares over the 1 % threshold of GANs, of
    Stable Diffusion and of real photos of FFHQ."""
    def named(*words):
        return np.array([any(word in g for word in words) for g in rows.generator])

    limit = measures.threshold_at(score[rows.label == 0], 0.01)
    shares = []
    for which in (named("StyleGAN", "SFHQ") & (rows.label == 1),
                  named("Stable Diffusion", "SD ") & (rows.label == 1),
                  (rows.source == "realorfake_ffhq") & (rows.label == 0)):
        shares.append(float((score[which] > limit).mean()) if which.any() else None)
    return [measures.auroc(rows.label, score), measures.tpr_at(rows.label, score, 0.01),
            measures.tpr_at(rows.label, score, 0.005), *shares]


def report_val(name, photos, logits, rows):
    """Prints figures of val, by the perturbation that is measured."""
    for number, perturbation in enumerate(cut_crops.MEASURED[:logits.shape[1]]):
        joint = join_logits(logits[:, number])
        scored = np.isfinite(joint)
        label, score = photos.table.label[rows][scored], joint[scored]
        if len(set(label)) < 2:
            continue
        log(f"{name} val {perturbation} n {scored.sum()}: "
            f"AUROC {measures.auroc(label, score):.4f} "
            f"1% {measures.tpr_at(label, score, 0.01):.3f} "
            f"0.5% {measures.tpr_at(label, score, 0.005):.3f}")
