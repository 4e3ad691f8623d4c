"""Work on many clips in several processes, with a progress bar and with every failure by name."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch
from mmengine.utils import ProgressBar

from .files import is_disk_full


def run_parallel(work: Callable[[Any], None], tasks: Sequence[Any], workers: int, label: str) -> list[str]:
    """Do every task; one that fails does not stop the others.

    Args:
        work: A function of a module, called with one task. It writes its result itself, complete or not at all.
        tasks: Its arguments.
        workers: Processes; 1 works in this one.
        label: Printed before the progress bar.

    Returns:
        The messages of the failures.

    Raises:
        ValueError: ``workers`` is not positive; or a worker was killed, mostly for want of memory.
        OSError: The disk is full: the other tasks would fail too.
    """
    if workers < 1:
        raise ValueError(f'--workers must be at least 1, got {workers}')
    if not tasks:
        return []
    print(f'{label}: {len(tasks)} to do', file=sys.stderr)
    bar = ProgressBar(len(tasks), bar_width=30, file=sys.stderr)
    failures = []

    def collect(results: Any) -> None:
        for failure in results:
            failures.extend(failure)
            bar.update()

    if workers == 1:
        collect(map(_attempt, ((work, task) for task in tasks)))
    else:
        options = dict(max_workers=min(workers, len(tasks)), initializer=_start_worker, initargs=(os.getpid(),))
        try:
            with ProcessPoolExecutor(**options) as pool:
                collect(pool.map(_attempt, ((work, task) for task in tasks), chunksize=4))
        except BrokenProcessPool as error:
            raise ValueError(
                f'{label}: a worker process was killed (out of memory?); run the same command again with fewer --workers'
            ) from error
    print(file=sys.stderr)
    return failures


def _attempt(job: tuple[Callable[[Any], None], Any]) -> list[str]:
    work, task = job
    try:
        work(task)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        return [str(error)]
    return []


def _start_worker(parent: int) -> None:
    torch.set_num_threads(1)

    def end_with_parent() -> None:
        # a worker whose parent was killed would wait for its next task for ever
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
