"""Tables of Arrow: the columns of a check beside those that came in."""

from collections.abc import Iterable

import pyarrow as pa

from photocheck._native import Checker, columns

_TYPES = {"text": pa.string(), "count": pa.int64(), "number": pa.float64()}

#: The columns of a check.
SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in columns()])


def carried(names: Iterable[str], photo: str) -> dict[str, str]:
    """Returns the columns that are carried through, each with its name in the result.

    The photos themselves are left out. A column that is named as one of ours gets `input_` before
    its name, as in `photocheck bulk`.
    """
    taken = set(SCHEMA.names)
    result: dict[str, str] = {}
    for name in names:
        if name == photo:
            continue
        new = name
        while new in taken:
            new = f"input_{new}"
        taken.add(new)
        result[name] = new
    return result


def check_table(checker: Checker, table: pa.Table, photo: str, cores: int = 1) -> pa.Table:
    """Checks the photos in the column `photo`. One that is null is refused as an empty file is."""
    photos = [value or b"" for value in table.column(photo).to_pylist()]
    found = pa.table(checker.check_batch(photos, cores=cores), schema=SCHEMA)
    kept = carried(table.column_names, photo)
    result = table.select(list(kept)).rename_columns(list(kept.values()))
    for name in SCHEMA.names:
        result = result.append_column(SCHEMA.field(name), found.column(name))
    return result
