"""One row of a comparison, computed from readings."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .footprint import Footprint
from .settings import BenchmarkSettings
from .timing import Reading, percentile


@dataclass(frozen=True)
class Timing:
    """Summary of the readings of one task, in seconds of the chosen clock.

    Attributes:
        p50: Median.
        p95: 95th percentile.
        spread: Distance of the quartiles, divided by the median: the noise of the machine.
        core_share: Time on a CPU per thread and second that passed; well below 1, other programs held the cores. ``None``
            on CUDA.
        samples: All readings, in order.
    """

    p50: float
    p95: float
    spread: float
    core_share: float | None
    samples: tuple[float, ...] = field(repr=False)

    @classmethod
    def of(cls, readings: Sequence[Reading], settings: BenchmarkSettings) -> 'Timing':
        """Summarise readings."""
        samples = tuple(getattr(reading, settings.clock) for reading in readings)
        p50 = percentile(samples, 50)
        spread = (percentile(samples, 75) - percentile(samples, 25)) / p50 if p50 > 0 else 0.0
        on_cpu = [reading.cpu for reading in readings if reading.cpu is not None]
        share = sum(on_cpu) / sum(reading.wall for reading in readings) / settings.threads if on_cpu else None
        return cls(p50, percentile(samples, 95), spread, share, samples)


@dataclass(frozen=True)
class Result:
    """One model of the comparison.

    Attributes:
        name: Name in tables.
        size: ``(H, W)`` of the frames.
        frames: Frames of the clip.
        footprint: Parameters, FLOPs and memory.
        forward: Times of the forward pass of one clip.
        train: Times of the training step; ``None`` where it was not measured.
        accuracy: Value of the accuracy metric; ``None`` where unknown.
    """

    name: str
    size: tuple[int, int]
    frames: int
    footprint: Footprint
    forward: Timing
    train: Timing | None = None
    accuracy: float | None = None

    @property
    def frames_per_second(self) -> float:
        """Frames per second at the median time of the forward pass."""
        return self.frames / self.forward.p50

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), 'frames_per_second': self.frames_per_second}


def ratio(value: float | None, reference: float | None) -> float | None:
    """Divide; ``None`` where either is unknown or the reference is 0."""
    return value / reference if value is not None and reference else None


def ratios(result: Result, reference: Result) -> dict[str, float | None]:
    """Ratios of a model to the reference: ``forward``, ``train``, ``parameters``, ``flops``, ``forward_mb``, ``train_mb``."""
    mine, base = result.footprint, reference.footprint
    return dict(
        forward=ratio(result.forward.p50, reference.forward.p50),
        train=ratio(result.train and result.train.p50, reference.train and reference.train.p50),
        parameters=ratio(mine.parameters, base.parameters),
        flops=ratio(mine.flops_per_frame, base.flops_per_frame),
        forward_mb=ratio(mine.forward_mb, base.forward_mb),
        train_mb=ratio(mine.train_mb, base.train_mb),
    )
