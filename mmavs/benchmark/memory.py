"""Peak memory of what a process does."""

from pathlib import Path

import torch

STATUS, CLEAR_REFS = Path('/proc/self/status'), Path('/proc/self/clear_refs')
RESET_HIGH_WATER_MARK = '5'
MB = 2**20


def process_memory(field: str) -> float:
    """Return ``VmRSS`` (resident now) or ``VmHWM`` (its peak) of this process in MB; Linux only.

    Raises:
        ValueError: The system does not tell ``field``.
    """
    for line in STATUS.read_text().splitlines():
        if line.startswith(f'{field}:'):
            return int(line.split()[1]) / 1024
    raise ValueError(f'{STATUS} has no {field}')


def can_measure(device: str) -> bool:
    """Tell whether peaks on ``device`` can be measured here: on CUDA always, on the CPU where Linux offers ``clear_refs``."""
    return torch.device(device).type == 'cuda' or CLEAR_REFS.exists()


def reset_peak() -> None:
    """Let the peak of the process start again from what it holds now."""
    CLEAR_REFS.write_text(RESET_HIGH_WATER_MARK)


class PeakMemory:
    """Peaks in MB since the object was made.

    On the CPU this is the peak of the resident memory above what the process held at the start, plus ``resident``: what the
    allocator keeps after a run counts for the next one too, so make the object before the first run, in a process of its own.
    On CUDA it is the peak of PyTorch's allocator, which holds the weights already.

    Args:
        device: ``'cpu'`` or a CUDA device.
        resident: Bytes of the model's weights and buffers.
    """

    def __init__(self, device: str, resident: int = 0) -> None:
        self.device, self.resident = torch.device(device), resident / MB
        if self.device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            self.start = process_memory('VmRSS')
            reset_peak()

    def read(self) -> float:
        """Return the peak so far."""
        if self.device.type == 'cuda':
            return torch.cuda.max_memory_allocated(self.device) / MB
        return process_memory('VmHWM') - self.start + self.resident
