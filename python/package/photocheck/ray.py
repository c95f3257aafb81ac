"""Photos on a Ray cluster: an actor for `map_batches`.

    photos = ray.data.read_binary_files("s3://bucket/photos", include_paths=True)
    check_photos(photos, workers=64, bank="/shared/photocheck.sqlite.index").write_parquet("…")

The wheel is installed on every node, and `bank` names a file that each of them can read.
"""

import pyarrow as pa
from ray.data import ActorPoolStrategy, Dataset

from photocheck._native import Checker
from photocheck.arrow import check_table

#: Bytes of memory that Ray reserves for each actor, beside the bank's.
MEMORY_BYTES = 1 << 30


class CheckPhotos:
    """Opens a checker once and checks batches. `photo` names the column with the files' bytes."""

    def __init__(
        self,
        photo: str = "bytes",
        *,
        bank: str | None = None,
        tenant: str | None = None,
        policy: str | None = None,
        model: str | None = None,
    ) -> None:
        self.photo = photo
        self.checker = Checker(bank, tenant=tenant, policy=policy, model=model)

    def __call__(self, batch: pa.Table) -> pa.Table:
        return check_table(self.checker, batch, self.photo)


def check_photos(
    photos: Dataset,
    photo: str = "bytes",
    *,
    workers: int,
    batch_size: int = 16,
    memory: int = MEMORY_BYTES,
    bank: str | None = None,
    tenant: str | None = None,
    policy: str | None = None,
    model: str | None = None,
) -> Dataset:
    """Checks the photos of a dataset by so many actors, each on a core.

    All columns but the photos themselves are carried through.
    """
    return photos.map_batches(
        CheckPhotos,
        fn_constructor_args=(photo,),
        fn_constructor_kwargs={"bank": bank, "tenant": tenant, "policy": policy, "model": model},
        batch_format="pyarrow",
        batch_size=batch_size,
        compute=ActorPoolStrategy(size=workers),
        num_cpus=1,
        memory=memory,
    )
