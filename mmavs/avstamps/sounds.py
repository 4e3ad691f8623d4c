"""Sound: the stems of the sounding objects, mixed to a stereo clip."""

import numpy as np

from .scenes import Thing
from .sources import SAMPLE_RATE, MediaSource

SPEED_BIN = 0.03
LOG_SPEED = (np.log(0.84), np.log(1.19))
LONG_RECORDING = 4.0  # s; longer ones are split in time, the others by speed
TRAIN_SHARE = 0.65
RAMP = int(0.02 * SAMPLE_RATE)


def draw_speed(rng: np.random.Generator, train: bool | None) -> float:
    """Draw a playing speed; even bins of 0.03 in log speed belong to training, odd ones to the rest, ``None`` to both."""
    while True:
        log_speed = rng.uniform(*LOG_SPEED)
        even = int((log_speed - LOG_SPEED[0]) / SPEED_BIN) % 2 == 0
        if train is None or even == train:
            return float(np.exp(log_speed))


def make_stem(wave: np.ndarray, length: int, train: bool, rng: np.random.Generator) -> np.ndarray:
    """Fill ``length`` samples with a recording: part of the split, speed, equaliser, pauses, low-pass, level.

    The low-pass keeps the bandwidth of a recording from giving its class away (four files have 8 kHz sampling).
    """
    split_in_time = len(wave) >= LONG_RECORDING * SAMPLE_RATE
    if split_in_time:
        cut = int(len(wave) * TRAIN_SHARE)
        wave = wave[:cut] if train else wave[cut:]
    speed = draw_speed(rng, None if split_in_time else train)
    positions = np.arange(0, len(wave) - 1, speed)
    wave = np.interp(positions, np.arange(len(wave)), wave)
    wave[1:] += rng.uniform(-0.6, 0.6) * wave[:-1]
    start = int(rng.integers(0, len(wave)))  # a clip need not begin with the recording's beginning
    pieces, total = [wave[start:]], len(wave) - start
    while total < length:
        pause = np.zeros(int(rng.uniform(0, 0.15) * SAMPLE_RATE))
        pieces += [pause, wave]
        total += len(pause) + len(wave)
    stem = np.concatenate(pieces)[:length]
    if rng.random() < 0.3:
        spectrum = np.fft.rfft(stem)
        spectrum[int(rng.uniform(2500, 8000) / (SAMPLE_RATE / 2) * (len(spectrum) - 1)) :] = 0
        stem = np.fft.irfft(spectrum, length)
    level = 0.1 * 10 ** (rng.uniform(-3, 3) / 20)
    return stem * (level / max(np.sqrt((stem**2).mean()), 1e-4))


def gate(on: list[bool]) -> np.ndarray:
    """Turn an on/off table of seconds into a gain with 20 ms ramps at whole seconds, ``(T * 16000,)``."""
    gain = np.repeat(np.array(on, np.float64), SAMPLE_RATE)
    for second in range(1, len(on)):
        if on[second] != on[second - 1]:
            middle = second * SAMPLE_RATE
            ramp = np.linspace(float(on[second - 1]), float(on[second]), RAMP)
            gain[middle - RAMP // 2 : middle + RAMP // 2] = ramp
    return gain


def pan(wave: np.ndarray, x: float) -> np.ndarray:
    """Spread a mono wave by constant power, ``x`` 0 left to 1 right: ``(n, 2)``."""
    angle = np.clip(x, 0, 1) * np.pi / 2
    return wave[:, None] * np.array([np.cos(angle), np.sin(angle)])


def white_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw the noise under a clip, 18 to 32 dB below the level of a stem."""
    return rng.normal(0, 0.1 * 10 ** (-rng.uniform(18, 32) / 20), shape)


def mix(
    source: MediaSource, things: list[Thing], num_seconds: int, train: bool, rng: np.random.Generator, lost: list[bool]
) -> np.ndarray:
    """Mix a clip.

    Args:
        source: Where the recordings are.
        things: All things of the scene; those that sound have ``sound`` and ``on``.
        num_seconds: Length.
        train: Which part of the recordings is used.
        rng: Generator of the clip.
        lost: Seconds whose sound is replaced by noise of about the same level.

    Returns:
        ``(num_seconds * 16000, 2)`` int16.
    """
    length = num_seconds * SAMPLE_RATE
    out = np.zeros((length, 2))
    for thing in things:
        if any(thing.on):
            stem = make_stem(source.sound(thing.sound), length, train, rng)
            out += pan(stem * gate(thing.on), thing.x)
    for second in np.flatnonzero(lost):
        part = slice(second * SAMPLE_RATE, (second + 1) * SAMPLE_RATE)
        out[part] = rng.normal(0, 0.07, (SAMPLE_RATE, 2))
    out += white_noise(rng, out.shape)
    return (np.clip(out, -1, 1) * 32767).round().astype(np.int16)


def offscreen_clip(wave: np.ndarray, num_seconds: int) -> np.ndarray:
    """Repeat a recording to ``num_seconds``, centred: ``(n, 2)`` int16."""
    repeated = np.resize(wave, num_seconds * SAMPLE_RATE)
    return (np.clip(np.stack([repeated, repeated], 1), -1, 1) * 32767).round().astype(np.int16)
