"""The waveform that belongs to the frames of a sample."""

from pathlib import Path

import numpy as np

from mmavs.audio import NUM_EXAMPLE_FRAMES, read_wav, vggish_log_mel
from mmavs.structures import AVSDataSample

EXAMPLE_SECONDS = NUM_EXAMPLE_FRAMES / 100  # a log-mel row every 10 ms
TOLERANCE = 0.05  # mean difference of two log-mels that count as the same, natural logarithm


def clip_waveform(sample: AVSDataSample, num_frames: int, log_mel: np.ndarray | None = None) -> np.ndarray | None:
    """Read what was heard with each frame from the sample's audio file.

    A pipeline hands on the log-mel alone, so the file is read again. That file is not always what the model has heard: a
    transform may have put noise or another sound in its place. Therefore the log-mel of the file is compared.

    Args:
        sample: Its ``audio_path`` and, if frames were picked, ``audio_seconds`` are read.
        num_frames: ``T``.
        log_mel: ``(T, 96, 64)`` that the model was given; without it the file is trusted.

    Returns:
        ``(T, n)`` float32 mono, 0.96 s of each frame (the span of its log-mel), zeros behind the end of the file; or ``None``
        where the sample names no existing wav file or the model has heard something else.

    Raises:
        ValueError: The file exists but cannot be decoded, see :func:`mmavs.audio.read_wav`.
    """
    path = Path(sample.get('audio_path') or '')
    if path.suffix != '.wav' or not path.is_file():
        return None
    samples, rate = read_wav(path)
    seconds = np.asarray(sample.get('audio_seconds', range(num_frames)))
    if log_mel is not None:
        examples = vggish_log_mel(samples, rate)[:, 0].numpy()
        known = seconds < len(examples)
        if not known.any() or np.abs(examples[seconds[known]] - log_mel[known]).mean() > TOLERANCE:
            return None
    length = round(EXAMPLE_SECONDS * rate)
    starts = np.round(EXAMPLE_SECONDS * rate * seconds).astype(int)
    mono = np.pad(samples.mean(0), (0, max(0, int(starts.max()) + length - samples.shape[1])))
    return mono[starts[:, None] + np.arange(length)]
