"""Speed of the VGGish front end against what it replaces; all ratios come from one run.

At 16 kHz the yardstick is the MelSpectrogram of torchaudio alone (no logarithm, no examples), at 44.1 kHz the front end in
numpy with resampy, as the published code has it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.utils.benchmark import Timer

from mmavs.audio import vggish_log_mel

SECONDS = 10


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--min-run-time', type=float, default=2.0, help='seconds per measurement')
    return parser.parse_args(argv)


def numpy_front_end(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """VGGish front end in float64 numpy, step by step.

    Args:
        waveform: ``(n, channels)`` float64.
        sample_rate: In Hz.

    Returns:
        ``(examples, 96, 64)``.
    """
    import resampy

    mono = waveform.mean(axis=1)
    if sample_rate != 16000:
        mono = resampy.resample(mono, sample_rate, 16000)
    frames = np.lib.stride_tricks.sliding_window_view(mono, 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    magnitude = np.abs(np.fft.rfft(frames * window, 512))
    mel = 1127 * np.log(1 + np.arange(257) * 16000 / 512 / 700)
    low, high = 1127 * np.log(1 + np.array([125, 7500]) / 700)
    edges = np.linspace(low, high, 66)
    rising = (mel[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    log_mel = np.log(magnitude @ weights + 0.01)
    examples = len(log_mel) // 96
    return log_mel[: examples * 96].reshape(examples, 96, 64)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    args = parse_args(argv)
    try:
        import resampy  # noqa: F401
        import torchaudio
    except ImportError as error:
        print(f'the comparison needs {error.name}; install requirements/tests.txt')
        return 1
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    mono, stereo = torch.randn(SECONDS * 16000) * 0.1, torch.randn(2, SECONDS * 44100) * 0.1
    mel = torchaudio.transforms.MelSpectrogram(16000, 512, 400, 160, 125.0, 7500.0, n_mels=64)
    as_numpy = stereo.double().numpy().T

    def measure(function: Callable[[], object]) -> float:
        timer = Timer('function()', globals=dict(function=function), num_threads=args.threads)
        return timer.blocked_autorange(min_run_time=args.min_run_time).median * 1e3

    got, want = vggish_log_mel(stereo, 44100).double().numpy()[:, 0], numpy_front_end(as_numpy, 44100)
    difference = np.linalg.norm(got - want) / np.linalg.norm(want)
    torchaudio_ms, ours_ms = measure(lambda: mel(mono)), measure(lambda: vggish_log_mel(mono, 16000))
    numpy_ms, resampled_ms = (
        measure(lambda: numpy_front_end(as_numpy, 44100)),
        measure(lambda: vggish_log_mel(stereo, 44100)),
    )
    print(f'{SECONDS} s of audio, {args.threads} thread(s), torch {torch.__version__}\n')
    print('| input | yardstick | yardstick ms | mmavs ms | mmavs / yardstick |')
    print('| --- | --- | --- | --- | --- |')
    row = '| {} | {} | {:.2f} | {:.2f} | {:.2f} |'
    print(row.format('16 kHz mono', 'torchaudio MelSpectrogram alone', torchaudio_ms, ours_ms, ours_ms / torchaudio_ms))
    print(row.format('44.1 kHz stereo', 'numpy + resampy', numpy_ms, resampled_ms, resampled_ms / numpy_ms))
    print(f'\nRelative L2 difference of the two front ends at 44.1 kHz: {difference:.1e}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
