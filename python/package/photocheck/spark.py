"""Photos on a Spark cluster: a function for `mapInArrow`, and the schema of what it returns.

    photos = spark.read.format("binaryFile").load("s3a://bucket/photos")
    check_photos(photos, bank="/shared/photocheck.sqlite.index").write.parquet("s3a://bucket/checked")

The wheel is installed on every worker, and `bank` names a file that each of them can read.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

from photocheck._native import Checker, columns
from photocheck.arrow import carried, check_table

_TYPES = {"text": StringType(), "count": LongType(), "number": DoubleType()}

#: What Spark calls for each partition.
Check = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def schema(photos: StructType, photo: str = "content") -> StructType:
    """Returns the schema of checked photos: the columns that are carried through, then ours."""
    new = carried(photos.names, photo)
    kept = [StructField(new[field.name], field.dataType) for field in photos if field.name in new]
    return StructType(kept + [StructField(name, _TYPES[kind]) for name, kind in columns()])


def check(
    photo: str = "content",
    *,
    bank: str | None = None,
    tenant: str | None = None,
    policy: str | None = None,
    model: str | None = None,
) -> Check:
    """Returns the function for `mapInArrow`. `photo` names the column with the files' bytes."""

    def check_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        checker = _checker(bank, tenant, policy, model)
        for batch in batches:
            yield from check_table(checker, pa.Table.from_batches([batch]), photo).to_batches()

    return check_batches


def check_photos(
    photos: DataFrame,
    photo: str = "content",
    *,
    bank: str | None = None,
    tenant: str | None = None,
    policy: str | None = None,
    model: str | None = None,
) -> DataFrame:
    """Checks the photos of a frame. All columns but the photos themselves are carried through."""
    function = check(photo, bank=bank, tenant=tenant, policy=policy, model=model)
    return photos.mapInArrow(function, schema(photos.schema, photo))


@lru_cache(maxsize=1)
def _checker(
    bank: str | None, tenant: str | None, policy: str | None, model: str | None
) -> Checker:
    """Opens it once in each process: Spark calls the same process for many partitions."""
    return Checker(bank, tenant=tenant, policy=policy, model=model)
