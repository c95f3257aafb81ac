"""Checks photos on Spark with two workers, kills one in the middle, and compares the rows.

Usage: on_spark.py PHOTOS JOB BANK
"""

import os
import sys
import threading
from pathlib import Path

import psutil
from pyspark.sql import SparkSession
from rows import assert_same

from photocheck.spark import check_photos

photos, job, bank = sys.argv[1:]
os.environ["PYSPARK_PYTHON"] = sys.executable
spark = (
    # Two workers of one core and this many MiB, each a process of its own.
    SparkSession.builder.master("local-cluster[2,1,512]")
    .config("spark.executor.memory", "512m")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", "2")
    .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
killed = threading.Event()


def completed_tasks() -> int:
    """How many tasks of the stages that run are done."""
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return sum(stage.numCompletedTasks for stage in stages if stage)


def kill_one_in_the_middle() -> None:
    """Kills an executor in which Python checks photos, once a first task is done."""
    while not killed.wait(0.1):
        if completed_tasks() == 0:
            continue
        for process in psutil.Process().children(recursive=True):
            try:
                is_executor = "CoarseGrainedExecutorBackend" in " ".join(process.cmdline())
                if is_executor and process.children():
                    process.kill()
                    killed.set()
                    return
            except psutil.NoSuchProcess:
                pass


files = spark.read.format("binaryFile").load(photos).repartition(8)
threading.Thread(target=kill_one_in_the_middle, daemon=True).start()
rows = check_photos(files, bank=bank).drop("modificationTime", "length").collect()
assert_same([row.asDict() for row in rows], Path(job))
assert killed.is_set(), "no worker was killed"
print("one of two workers was killed on the way")
spark.stop()
