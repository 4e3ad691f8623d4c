"""Where and from what a result was made."""

import os
import platform
import subprocess
from pathlib import Path

import torch

UNKNOWN = 'unknown'


def git_commit(folder: str | Path) -> str:
    """Return the short hash of a checkout.

    Args:
        folder: A folder inside it.

    Returns:
        The hash, with ``+changes`` where tracked files differ; ``'unknown'`` without git.
    """
    try:
        commit = _git(folder, 'rev-parse', '--short', 'HEAD')
        changed = _git(folder, 'status', '--porcelain', '--untracked-files=no')
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return commit + ('+changes' if changed else '')


def _git(folder: str | Path, *args: str) -> str:
    done = subprocess.run(['git', '-C', str(folder), *args], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def describe_machine() -> str:
    """Processor, cores, threads and versions, in one line."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.is_file():
        names = [
            line.split(':', 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith('model name')
        ]
        processor = names[0] if names else processor
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    threads = os.environ.get('OMP_NUM_THREADS', '1')
    return (
        f'{processor}, {os.cpu_count()} cores, {threads} threads per process, GPUs: {devices or "none"}, '
        f'Python {platform.python_version()}, torch {torch.__version__}'
    )
