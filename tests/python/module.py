"""Tests the Python module beside the results of `photocheck bulk run`.

Usage: module.py PHOTOS JOB DATABASE SNAPSHOT LIST
"""

import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import photocheck
from photocheck import Checker, Columns, OpenError, Row, columns
from rows import assert_same

photos, job, database, snapshot, exported = sys.argv[1:]
files = sorted(path for path in Path(photos).iterdir())
contents = [path.read_bytes() for path in files]
names = [name for name, _ in columns()]


def rows_of(batch: Columns) -> list[dict[str, object]]:
    by_name: Mapping[str, object] = batch
    lists = [by_name[name] for name in names]
    assert all(isinstance(values, list) and len(values) == len(files) for values in lists)
    rows = zip(*lists)
    return [
        {"path": str(path), **dict(zip(names, row, strict=True))}
        for path, row in zip(files, rows, strict=True)
    ]


def the_types_name_every_column() -> None:
    assert list(Row.__annotations__) == list(Columns.__annotations__) == names


def a_database_says_what_bulk_says() -> None:
    checker = Checker(database)
    assert checker.hashes > 0
    assert_same(rows_of(checker.check_batch(contents, cores=2)), Path(job))


def a_snapshot_says_the_same_one_by_one() -> None:
    checker = Checker(bank=Path(snapshot))
    rows = [{"path": str(path), **checker.check(photo)} for path, photo in zip(files, contents)]
    assert_same(rows, Path(job))


def a_list_matches_as_one_from_elsewhere() -> None:
    checker = Checker(bank=exported)
    row = checker.check(stolen())
    assert (row["bank"], row["bank_content"]) == ("SCAM", 1), row
    threads_go_on(checker)
    refusals(checker)


def without_a_bank_nothing_matches() -> None:
    checker = Checker(policy="label")
    assert (checker.hashes, checker.policy.split()[0]) == (0, "label"), checker.policy
    assert checker.check(stolen())["bank"] is None


def a_hash_needs_no_models() -> None:
    row = Checker.hash(stolen())
    assert len(row["pdq"] or "") == 64 and row["verdict"] is None, row
    assert Checker.hash(b"no photo")["error_code"] == "PHOTO_NOT_AN_IMAGE"
    assert Checker.hash(b"")["error_code"] is not None


def what_cannot_be_opened_is_said() -> None:
    damaged = Path(job) / "damaged.index"
    damaged.write_bytes(Path(snapshot).read_bytes()[:-1])
    empty = Path(job) / "empty.ndjson"
    empty.touch()
    for bank, tenant, policy, word in [
        ("/nowhere/bank", None, None, "no such file"),
        (str(damaged), None, None, "bytes"),
        (str(empty), None, None, "no record"),
        (str(files[0]), None, None, "the bank"),
        ("sqlite:/nowhere/bank.sqlite", None, None, "/nowhere/bank.sqlite"),
        (database, "nobody", None, "nobody"),
        (database, "not a name", None, "not a name"),
        (None, "default", None, "tenant"),
        (None, None, "/nowhere/policy.toml", "policy"),
    ]:
        try:
            Checker(bank, tenant=tenant, policy=policy)
        except OpenError as error:
            assert word in str(error), error
        else:
            raise AssertionError(f"{bank}, {tenant}, {policy} was opened")


def threads_go_on(checker: Checker) -> None:
    """While a photo is checked, another thread of Python runs."""
    start, ran = threading.Lock(), False

    def run() -> None:
        nonlocal ran
        with start:
            ran = True

    start.acquire()
    thread = threading.Thread(target=run)
    thread.start()
    # From here on this thread goes on until a call gives the lock of Python up.
    sys.setswitchinterval(3600)
    start.release()
    checker.check(stolen())
    ran_meanwhile = ran
    sys.setswitchinterval(0.005)
    thread.join()
    assert ran_meanwhile


def refusals(checker: Checker) -> None:
    for photo, cores, fault in [
        ("text", 1, TypeError),
        (b"", 0, ValueError),
        (b"", 9999, ValueError),
    ]:
        try:
            checker.check_batch([photo], cores=cores)  # type: ignore[list-item]
        except fault as error:
            assert fault is TypeError or str(cores) in str(error), error
        else:
            raise AssertionError(f"{photo!r} was taken for {cores} cores")


def stolen() -> bytes:
    return (Path(photos) / "stolen.jpg").read_bytes()


the_types_name_every_column()
a_database_says_what_bulk_says()
a_snapshot_says_the_same_one_by_one()
a_list_matches_as_one_from_elsewhere()
without_a_bank_nothing_matches()
a_hash_needs_no_models()
what_cannot_be_opened_is_said()
print(f"the module {photocheck.__file__} does what it says")
