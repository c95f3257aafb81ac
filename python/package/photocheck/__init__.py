"""Is a profile photo made by AI, or stolen? The checker itself, with its models.

`Checker` checks photos in this process. `photocheck.spark` and `photocheck.ray` do so on the
machines of a cluster. Rows have the columns that `photocheck bulk` writes.
"""

from photocheck._native import Checker, OpenError, columns
from photocheck.rows import Columns, Row

__all__ = ["Checker", "Columns", "OpenError", "Row", "columns"]
