"""The whole comparison: footprints one by one, then times in turns."""

from collections import Counter
from collections.abc import Callable, Sequence

import torch

from .footprint import measure_footprint
from .results import Result, Timing
from .settings import BenchmarkSettings
from .subject import Subject, config_name
from .timing import Stopwatch, nothing, take_turns

WARM_UP = dict(cpu=1, cuda=5)  # a GPU needs more to reach its clock and to choose its kernels


def compare(
    configs: Sequence[str],
    settings: BenchmarkSettings,
    *,
    accuracies: Sequence[float | None] | None = None,
    say: Callable[[str], object] = nothing,
) -> list[Result]:
    """Measure the models of several configs under the same conditions.

    Args:
        configs: Paths, or names in the zoo. A config may come twice: its second ratio shows the noise of the machine.
        settings: Conditions.
        accuracies: One per config, for the table; ``None`` where unknown.
        say: Receives one line per finished part of the work.

    Returns:
        One result per config, in order.

    Raises:
        ValueError: CUDA is wanted but not there, a config cannot be measured (see :class:`Subject`), or ``accuracies`` has
            another length.
    """
    accuracies = [None] * len(configs) if accuracies is None else list(accuracies)
    if len(accuracies) != len(configs):
        raise ValueError(f'{len(configs)} configs need as many accuracies, got {len(accuracies)}')
    if settings.device_type == 'cuda' and not torch.cuda.is_available():
        raise ValueError(f'PyTorch sees no GPU, so device={settings.device!r} cannot be measured; use device="cpu"')
    names = distinct_names(configs)
    footprints = []
    for name, config in zip(names, configs, strict=True):
        footprints.append(measure_footprint(config, settings))
        say(f'{name}: size and memory measured')
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        subjects = dict(zip(names, (Subject(config, settings) for config in configs), strict=True))
        tasks = {(name, what): task for name, subject in subjects.items() for what, task in subject.tasks().items()}
        readings = take_turns(
            tasks,
            settings.rounds,
            Stopwatch(settings.device),
            warm_up=WARM_UP[settings.device_type],
            after_round=lambda done: say(f'round {done} of {settings.rounds}' if done else 'warmed up'),
        )
    finally:
        torch.set_num_threads(threads)
    times = {key: Timing.of(values, settings) for key, values in readings.items()}
    return [
        Result(
            name,
            subject.size,
            settings.frames,
            footprint,
            times[name, 'forward'],
            times.get((name, 'train')),
            accuracy,
        )
        for (name, subject), footprint, accuracy in zip(subjects.items(), footprints, accuracies, strict=True)
    ]


def distinct_names(configs: Sequence[str]) -> list[str]:
    """Names of configs for tables; the second of the same name gets ``#2``."""
    seen: Counter[str] = Counter()
    names = []
    for name in map(config_name, configs):
        seen[name] += 1
        names.append(name if seen[name] == 1 else f'{name}#{seen[name]}')
    return names
