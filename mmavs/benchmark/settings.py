"""The conditions under which all models of one comparison are measured."""

from dataclasses import dataclass

import torch

DTYPES = {'bf16': torch.bfloat16, 'fp16': torch.float16}
CLOCKS = ('wall', 'cpu')


@dataclass(frozen=True)
class BenchmarkSettings:
    """Conditions of a comparison.

    Attributes:
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``.
        threads: CPU threads of PyTorch.
        rounds: How often every model gets its turn; the first turn, which warms up, comes before them.
        frames: ``T``, frames of the one clip that is measured.
        size: ``(H, W)`` in pixels; ``None`` takes the size of each config's own test pipeline.
        amp: ``'bf16'`` or ``'fp16'`` autocast; ``None`` for float32.
        compile: Run the network through ``torch.compile``.
        channels_last: Weights and frames in channels-last order.
        audio_features: Give the output of the audio backbone instead of running it.
        train_step: Measure the training step too.
        clock: ``'wall'``, or ``'cpu'`` for the time the process has spent on a CPU: it leaves out what other programs take.

    Raises:
        ValueError: A count below 1, an unknown value, or a combination that PyTorch does not offer.
    """

    device: str = 'cpu'
    threads: int = 1
    rounds: int = 5
    frames: int = 5
    size: tuple[int, int] | None = None
    amp: str | None = None
    compile: bool = False
    channels_last: bool = False
    audio_features: bool = False
    train_step: bool = True
    clock: str = 'wall'

    def __post_init__(self) -> None:
        counts = dict(threads=self.threads, rounds=self.rounds, frames=self.frames)
        small = {name: value for name, value in counts.items() if value < 1}
        if small:
            raise ValueError(f'threads, rounds and frames must be at least 1, got {small}')
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f'size must be positive, got {self.size}')
        if self.amp not in (None, *DTYPES) or self.clock not in CLOCKS:
            raise ValueError(
                f'amp must be one of {[None, *DTYPES]} and clock one of {CLOCKS}, got {self.amp!r}, {self.clock!r}'
            )
        if self.device_type not in ('cpu', 'cuda'):
            raise ValueError(f'device must be cpu or cuda (cuda:1, ...), got {self.device!r}')
        if self.device_type == 'cuda' and self.clock == 'cpu':
            raise ValueError('the clock of a GPU is its own; use clock="wall" with device="cuda"')
        if self.device_type == 'cpu' and self.amp == 'fp16':
            raise ValueError('fp16 trains with a gradient scaler, which needs device="cuda"; use amp="bf16" on a CPU')

    @property
    def device_type(self) -> str:
        """``'cpu'`` or ``'cuda'``."""
        return self.device.partition(':')[0]

    @property
    def dtype(self) -> torch.dtype:
        """Data type of autocast; float32 without."""
        return DTYPES[self.amp] if self.amp else torch.float32
