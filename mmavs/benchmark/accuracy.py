"""The accuracy beside the costs, from files that the test tools write or from a test of a checkpoint."""

import json
from pathlib import Path
from typing import Any

from mmavs.engine import build_runner
from mmavs.utils.config import load_config

METRIC_KEYS = ('avs/J_frame', 'avs/mIoU')
CONDITION_SEPARATOR = ':'


def read_accuracy(path: str | Path, key: str | None = None) -> tuple[str, float]:
    """Read one metric from a json file of ``tools/test.py`` or ``tools/evaluate_conditions.py``.

    Args:
        path: The file.
        key: Name of the metric; ``CONDITION:METRIC`` in a file with several conditions. ``None`` takes the first of
            ``METRIC_KEYS`` in the file.

    Returns:
        Key and value.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no json object, or has no such number.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'metrics file {path} does not exist; tools/test.py --out writes one')
    try:
        metrics = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f'metrics file {path} is not json: {error}') from error
    return pick_accuracy(metrics, key, str(path))


def evaluate_checkpoint(
    config: str, checkpoint: str | Path, key: str | None = None, *, work_dir: str | Path
) -> tuple[str, float]:
    """Test a checkpoint on the test set of its config, as ``tools/test.py`` does, and return one metric.

    Args:
        config: Path, or name in the zoo.
        checkpoint: Weights of that config.
        key: Name of the metric, as in :func:`read_accuracy`.
        work_dir: Where the log goes.

    Returns:
        Key and value.

    Raises:
        FileNotFoundError: The checkpoint or the data are not there.
        ValueError: The checkpoint belongs to another model, or the metric does not exist.
    """
    cfg = load_config(config)
    cfg.work_dir, cfg.load_from, cfg.resume = str(work_dir), str(checkpoint), False
    return pick_accuracy(build_runner(cfg, 'test').test(), key, f'the test of {checkpoint}')


def pick_accuracy(metrics: Any, key: str | None, source: str) -> tuple[str, float]:
    """Take one metric out of ``metrics``, which may be nested by condition; ``source`` is named in errors.

    Raises:
        ValueError: ``metrics`` has no such number.
    """
    values: dict[str, Any] = {}
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        if isinstance(value, dict):
            values.update({f'{name}{CONDITION_SEPARATOR}{inner}': number for inner, number in value.items()})
        else:
            values[name] = value
    wanted = METRIC_KEYS if key is None else (key,)
    for name in wanted:
        if isinstance(values.get(name), int | float):
            return name, float(values[name])
    raise ValueError(f'{source} has no number {" or ".join(wanted)}; choose one with --metric: {sorted(values)[:20]}')
