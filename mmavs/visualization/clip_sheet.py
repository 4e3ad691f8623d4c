"""One picture per clip: frames, masks, groups, audio response, uncertainty and sound, second by second."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import cells
from .group_colours import match_groups
from .sheet_layout import Strip, lay_out

ACROSS = 2  # clips of at most so many frames get a row per frame instead of a column: a strip, not a tower
FRAME_WIDTHS = (128, 176)  # pixels, smallest and largest; larger ones make large files and show nothing more
SHEET_WIDTH = 1280  # pixels aimed at for the pictures of one row
RESPONSE_MAP, PROBABILITY_MAP, UNCERTAINTY_MAP, SOUND_MAP = 'inferno', 'gray', 'magma', 'magma'
UNCERTAINTY_TOPS = (0.25, 0.5, 1.0)  # ends of its scale; the first that no value of the clip exceeds is taken


@dataclass
class _Clip:
    """The arguments of :func:`draw_clip` that become pictures, and the size of a picture."""

    frames: np.ndarray
    size: tuple[int, int]
    semantic: bool
    across: bool
    gt_masks: np.ndarray | None
    pred_masks: np.ndarray | None
    probability: np.ndarray | None
    uncertainty: np.ndarray | None
    groups: np.ndarray | None
    response: np.ndarray | None
    waveform: np.ndarray | None
    log_mel: np.ndarray | None

    def fitted(self, values: np.ndarray) -> list[np.ndarray]:
        return [cells.fit(value, self.size) for value in values]

    def strips(self) -> list[Strip]:
        """Everything there is, in the order of the sheet."""
        photos = self.fitted(self.frames)
        strips = [Strip('frame', photos)]
        truth = [None] * len(photos) if self.gt_masks is None else self.fitted(self.gt_masks)
        truth_colour = None if self.semantic else cells.TRUTH_COLOUR
        if self.gt_masks is not None:
            strips.append(
                Strip('truth', [cells.overlay(*pair, truth_colour) for pair in zip(photos, truth, strict=True)])
            )
        if self.groups is not None:
            groups = self.fitted(match_groups(self.groups))
            strips.append(Strip('groups', [cells.partition(*pair) for pair in zip(photos, groups, strict=True)]))
        if self.response is not None:
            strips.append(self._heat('response', photos, truth, self.response, RESPONSE_MAP))
        if self.pred_masks is not None:
            colour = None if self.semantic else cells.PREDICTION_COLOUR
            predicted = zip(photos, self.fitted(self.pred_masks), truth, strict=True)
            strips.append(Strip('prediction', [cells.overlay(p, m, colour, reference=r) for p, m, r in predicted]))
        if self.probability is not None:
            pictures = [cells.flat(value, PROBABILITY_MAP) for value in self.fitted(self.probability)]
            strips.append(Strip('probability', pictures, (PROBABILITY_MAP, 0.0, 1.0)))
        if self.uncertainty is not None:
            top = next((end for end in UNCERTAINTY_TOPS if np.max(self.uncertainty) <= end), 1.0)
            strips.append(self._heat('uncertainty', photos, truth, self.uncertainty, UNCERTAINTY_MAP, top))
        return strips + self._sound()

    def _heat(
        self,
        name: str,
        photos: list[np.ndarray],
        truth: list[np.ndarray | None],
        values: np.ndarray,
        colormap: str,
        top: float = 1.0,
    ) -> Strip:
        """Heat maps from 0 to ``top`` with the outline of the truth."""
        pictures = [cells.heat(*pair, colormap) for pair in zip(photos, self.fitted(values / top), strict=True)]
        for picture, mask in zip(pictures, truth, strict=True):
            if mask is not None:
                cells.outline(picture, mask, cells.REFERENCE_COLOUR if self.semantic else cells.TRUTH_COLOUR)
        return Strip(name, pictures, (colormap, 0.0, top))

    def _sound(self) -> list[Strip]:
        """Waveform and log-mel: rows of their own, or one above the other where every frame has a single row."""
        height, width = self.size
        both = self.across and self.waveform is not None and self.log_mel is not None
        wave_height = round((0.38 if both else 1.0) * height) if self.across else round(0.28 * width)
        mel_height = height - wave_height - 3 if both else height if self.across else round(0.45 * width)
        strips = []
        if self.waveform is not None:
            peak = float(np.abs(self.waveform).max())
            pictures = [cells.wave(samples, (wave_height, width), peak) for samples in self.waveform]
            strips.append(Strip(f'waveform\n±{peak:.2g}', pictures))
        if self.log_mel is not None:
            limits = float(np.min(self.log_mel)), float(np.max(self.log_mel))
            pictures = [cells.spectrogram(m, (mel_height, width), limits, SOUND_MAP) for m in self.log_mel]
            strips.append(Strip('log-mel', pictures, (SOUND_MAP, *limits)))
        if not both:
            return strips
        gap = np.full((3, width, 3), 255, np.uint8)
        pairs = zip(*(strip.pictures for strip in strips), strict=True)
        name = f'{strips[0].name.replace(chr(10), " ")}\nlog-mel'
        return [Strip(name, [np.concatenate([w, gap, m]) for w, m in pairs], strips[1].scale)]


def draw_clip(
    frames: np.ndarray,
    *,
    gt_masks: np.ndarray | None = None,
    pred_masks: np.ndarray | None = None,
    probability: np.ndarray | None = None,
    uncertainty: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    response: np.ndarray | None = None,
    waveform: np.ndarray | None = None,
    log_mel: np.ndarray | None = None,
    sounding: Sequence[Sequence[str]] | None = None,
    classes: Sequence[str] | None = None,
    title: str = '',
) -> np.ndarray:
    """Draw a sheet with one column per frame and one row per thing given (the other way round for one or two frames).

    Maps may have any resolution; they are brought to the size of the pictures. Colours mean the same in all frames, and
    scales are stated beside them.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        gt_masks: ``(T, H, W)`` labels, drawn green (by class colour in semantic tasks), and as an outline over the
            prediction, the response and the uncertainty.
        pred_masks: ``(T, H, W)`` labels, drawn red (by class colour in semantic tasks).
        probability: ``(T, H, W)`` in [0, 1], of the mask.
        uncertainty: ``(T, H, W)`` in [0, 1]; its scale ends at 0.25, 0.5 or 1, the same for all frames.
        groups: ``(T, H, W)`` group labels; colours follow the groups from frame to frame by place.
        response: ``(T, H, W)`` in [0, 1], how strongly each place answers to the sound.
        waveform: ``(T, n)`` float, what is heard with each frame; ``n`` is at least the width of a picture.
        log_mel: ``(T, 96, 64)`` log-mel of each frame's second.
        sounding: Names of what sounds in each second, shown with the frames.
        classes: Class names by label; more than two make the task semantic: colours by class, named at the foot.
        title: Heading.

    Returns:
        The sheet, ``(height, width, 3)`` uint8 RGB.

    Raises:
        ValueError: No frame, something given has another number of frames, or a waveform of too few samples.
    """
    maps = dict(
        gt_masks=gt_masks,
        pred_masks=pred_masks,
        probability=probability,
        uncertainty=uncertainty,
        groups=groups,
        response=response,
        waveform=waveform,
        log_mel=log_mel,
    )
    num_frames = len(frames)
    if num_frames == 0:
        raise ValueError('a clip without frames cannot be drawn')
    for name, value in (maps | dict(sounding=sounding)).items():
        if value is not None and len(value) != num_frames:
            raise ValueError(f'{name} has {len(value)} frames, the clip has {num_frames}')
    across = num_frames <= ACROSS
    num_shown = 1 + sum(value is not None for value in maps.values())
    shared = waveform is not None and log_mel is not None  # one above the other
    columns = num_shown - shared if across else num_frames
    width = int(np.clip(SHEET_WIDTH // columns, *FRAME_WIDTHS))
    if waveform is not None and waveform.shape[1] < width:
        raise ValueError(f'waveform needs at least {width} samples for each frame, got the shape {waveform.shape}')
    size = (max(1, round(width * frames.shape[1] / frames.shape[2])), width)
    semantic = classes is not None and len(classes) > 2
    strips = _Clip(frames, size, semantic, across, **maps).strips()
    heard = None if sounding is None else [', '.join(names) or 'silent' for names in sounding]
    return lay_out(strips, across=across, heard=heard, title=title, key=_key(gt_masks, pred_masks, semantic, classes))


def _key(
    gt_masks: np.ndarray | None, pred_masks: np.ndarray | None, semantic: bool, classes: Sequence[str] | None
) -> list[tuple[str, tuple[int, ...]]]:
    """Return names and colours for the foot of the sheet."""
    masks = [mask for mask in (gt_masks, pred_masks) if mask is not None]
    if not masks:
        return []
    if not semantic:
        key = [('truth', cells.TRUTH_COLOUR), ('prediction', cells.PREDICTION_COLOUR)]
        return [entry for entry, mask in zip(key, (gt_masks, pred_masks), strict=True) if mask is not None]
    labels = np.unique(np.concatenate([np.unique(mask) for mask in masks]))
    return [(classes[i], cells.class_colour(int(i))) for i in labels if i not in (0, cells.IGNORE)]
