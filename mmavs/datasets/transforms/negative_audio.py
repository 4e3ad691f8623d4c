"""Sound that does not belong to the picture: silence, noise, off-screen sound (AVSBench-Robust)."""

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from torch import Tensor

from mmavs.audio import NUM_BANDS, NUM_EXAMPLE_FRAMES, SAMPLE_RATE, read_wav, vggish_log_mel
from mmavs.audio.log_mel import min_duration
from mmavs.audio.robust_log_mel import NOISE_SAMPLE_RATE, robust_log_mel, robust_noise
from mmavs.registry import TRANSFORMS

from ..offscreen_audio import Donor, clip_key, offscreen_sounds
from .vpo_audio import central_source, pan

MODES = ('silence', 'noise', 'offscreen')
CONSTRUCTIONS = ('corrected', 'official')


def empty_targets(results: dict[str, Any]) -> None:
    """Make nothing of the picture sound: ``gt_masks`` and ``tags`` become zero, ``sounding`` empty."""
    for key in ('gt_masks', 'tags'):
        if key in results:
            results[key] = np.zeros_like(results[key])
    if 'sounding' in results:
        results['sounding'] = [[] for _ in results['sounding']]


@TRANSFORMS.register_module()
class EmptyTargets(BaseTransform):
    """Nothing of the picture sounds: masks and tags become zero.

    Goes behind the mask loader. With a data set built with ``audio_from='disjoint'`` it makes negative samples, whose sound
    belongs to nothing in the picture.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Empty the targets."""
        empty_targets(results)
        return results


@TRANSFORMS.register_module()
class ReplaceAudio(BaseTransform):
    """Negative audio: silence, noise or the sound of something that is not in the picture.

    Behind ``LoadAudio`` (in VPO ``MixSources``) it replaces ``waveform`` and ``sample_rate``, and the front end that follows
    treats it as any sound. Behind the front end (``VGGishLogMel`` or ``LoadLogMelPickle``) it replaces ``audio``
    ``(T, 1, 96, 64)``. The same clip always gets the same replacement. Of a donor of VPO all sources are heard, cut, added and
    panned as those of the clip are; a single file is heard from the middle.

    Args:
        mode: ``'silence'``, ``'noise'`` or ``'offscreen'`` (repeated or cut to the length of the clip's own audio).
        offscreen_dir: Folder with wav files, one of which is drawn; for ``'offscreen'`` only.
        empty_target: Whether nothing counts as sounding any more: masks and tags become zero. AVSBench-Robust trains with
            empty targets and evaluates with the original ones.
        noise_rms: Level of the uniform white noise of ``'corrected'``, full scale 1.
        seed: Seed of noise and choice.
        donors: Arguments of :func:`mmavs.datasets.offscreen_audio.offscreen_sounds` (``dataset``: config of the data set;
            ``groups``, ``metadata_file``), which chooses another clip whose broad group differs; for ``'offscreen'``, in
            place of ``offscreen_dir``.
        construction: ``'corrected'``: negatives pass the VGGish front end, as positives do. ``'official'``: the log-mels of
            AVSBench-Robust (:func:`mmavs.audio.robust_log_mel.robust_log_mel`), which differ from those of positives in scale
            and in 52 empty rows whatever sounds; goes behind the front end.

    Raises:
        ValueError: An unknown mode or construction, not exactly one of ``offscreen_dir`` and ``donors`` for ``'offscreen'``,
            one of them for another mode, or a place in the pipeline where it cannot work.
        FileNotFoundError: ``offscreen_dir`` has no wav file, or what sounds in the clips of ``donors`` is not known.

    Source: ``dataset_generation/audio_processing.py`` of jiali-home/AVSBench-Robust for ``'official'``.
    """

    def __init__(
        self,
        mode: str,
        offscreen_dir: str | os.PathLike | None = None,
        empty_target: bool = False,
        noise_rms: float = 0.1,
        seed: int = 42,
        donors: dict[str, Any] | None = None,
        construction: str = 'corrected',
    ) -> None:
        if mode not in MODES:
            raise ValueError(f'mode must be one of {MODES}, got {mode!r}')
        if construction not in CONSTRUCTIONS:
            raise ValueError(f'construction must be one of {CONSTRUCTIONS}, got {construction!r}')
        if (offscreen_dir is not None) + (donors is not None) != (mode == 'offscreen'):
            raise ValueError(
                "mode='offscreen' needs one of offscreen_dir and donors, the other modes none of them; got "
                f'mode={mode!r}, offscreen_dir={offscreen_dir!r}, donors={donors!r}'
            )
        self.mode = mode
        self.offscreen_dir = offscreen_dir
        self.empty_target = empty_target
        self.noise_rms = noise_rms
        self.seed = seed
        self.construction = construction
        self._files: list[Path] | None = None
        # chosen here and not in each worker of a loader: one report, and errors before the first batch
        self._sounds = None if donors is None else offscreen_sounds(**donors, seed=seed)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace ``waveform``, or ``audio`` where it is there."""
        behind_front_end = 'audio' in results
        if self.construction == 'official' and not behind_front_end:
            raise ValueError(
                'the official construction makes log-mels and needs the key "audio"; put a front end before it'
            )
        if not behind_front_end and 'waveform' not in results:
            raise ValueError('ReplaceAudio needs the key "waveform"; put LoadAudio before it')
        if behind_front_end:
            _require_vggish(results)
        text = f'{self.seed}:{results["clip_id"]}'
        generator = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
        seconds = results.get('num_seconds', results['num_frames'])
        if self.construction == 'official':
            log_mel = robust_log_mel(*self._published_sound(results, seconds, generator), seconds)
            results['audio'] = _asked_seconds(log_mel, results)
        else:
            waveform, rate = self._sound(results, seconds, generator, behind_front_end)
            if behind_front_end:
                results['audio'] = _asked_seconds(vggish_log_mel(waveform, rate)[:seconds], results)
            else:
                results.update(waveform=waveform, sample_rate=rate)
        results.pop('waveform_source', None)
        if self.empty_target:
            empty_targets(results)
        return results

    def _sound(
        self, results: dict[str, Any], seconds: int, generator: np.random.Generator, whole_examples: bool
    ) -> tuple[np.ndarray, int]:
        """Sound of the length of the clip's own, at least enough for all examples if ``whole_examples``."""
        if 'waveform' in results:
            shape, rate = results['waveform'].shape, results['sample_rate']
            if whole_examples:  # the front end before has filled up the examples of a short positive
                shape = shape[0], max(shape[1], math.ceil(min_duration(seconds) * rate))
        else:
            shape, rate = (1, seconds * SAMPLE_RATE), SAMPLE_RATE
        if self.mode == 'silence':
            return np.zeros(shape, np.float32), rate
        if self.mode == 'noise':
            peak = self.noise_rms * 3**0.5
            return generator.uniform(-peak, peak, shape).astype(np.float32), rate
        donor = self._take_donor(results, generator)
        if 'sources' in results:
            sources = np.stack([central_source(path, shape[1]) for path in donor.paths])
            if shape[0] == 1:
                return sources.sum(0, keepdims=True), rate
            return pan(sources, donor.positions or [0.5] * len(sources)), rate
        waveform, own_rate = read_wav(donor.path)
        if len(waveform) != shape[0]:  # heard from the middle where channels are places
            waveform = np.repeat(waveform.mean(0, keepdims=True), shape[0], axis=0)
        length = -(-shape[1] * own_rate // rate)  # rounded up: the last example must not miss a sample
        return np.tile(waveform, -(-length // waveform.shape[1]))[:, :length], own_rate

    def _published_sound(
        self, results: dict[str, Any], seconds: int, generator: np.random.Generator
    ) -> tuple[np.ndarray, int]:
        """Sound as the published files have it, which is not repeated where it is short."""
        if self.mode == 'silence':
            return np.zeros((1, seconds * SAMPLE_RATE), np.float32), SAMPLE_RATE
        if self.mode == 'noise':
            return robust_noise(seconds, generator), NOISE_SAMPLE_RATE
        return read_wav(self._take_donor(results, generator).path)

    def _take_donor(self, results: dict[str, Any], generator: np.random.Generator) -> Donor:
        if self._sounds is not None:
            if clip_key(results) not in self._sounds:
                raise ValueError(
                    f'the data set of donors has no clip {results["clip_id"]!r}; give it the split of the clip'
                )
            donor = self._sounds[clip_key(results)]
            results['audio_clip_id'] = donor.clip_id
        else:
            if self._files is None:
                self._files = sorted(Path(self.offscreen_dir).glob('*.wav'))
            if not self._files:
                raise FileNotFoundError(
                    f'offscreen_dir {str(self.offscreen_dir)!r} has no wav file; AVStamps builds such a folder'
                )
            path = str(self._files[generator.integers(len(self._files))])
            donor = Donor(path, '', (path,))
        results['audio_path'] = donor.path
        return donor


def _require_vggish(results: dict[str, Any]) -> None:
    """Refuse to put VGGish log-mels in the place of what another front end has made."""
    shape = tuple(results['audio'].shape[1:])
    if shape != (1, NUM_EXAMPLE_FRAMES, NUM_BANDS) or 'front_end' in results:
        raise ValueError(
            f'behind a front end ReplaceAudio makes log-mels of VGGish, but {results.get("front_end", "another front end")} '
            f'has made the audio {shape}; put it before the front end'
        )


def _asked_seconds(log_mel: Tensor, results: dict[str, Any]) -> Tensor:
    return log_mel[results['audio_seconds']] if 'audio_seconds' in results else log_mel


@TRANSFORMS.register_module()
class RandomNegativeAudio(BaseTransform):
    """Training with negatives: a share of the samples gets negative audio and all-black masks.

    Goes behind the mask loader and where :class:`ReplaceAudio` may go. One draw per sample, so the share holds on average; the
    published training set is a fixed list, in which each clip stands twice on average.

    Args:
        share: Probability of a negative: 0.1 or 0.2 as published, halves of off-screen sound and silence.
        modes: Kinds of negatives, each with the same probability.
        label_all_frames: Whether the loss uses all frames of a negative, whose empty masks are known. Default: those frames
            that it uses of a positive (the first one in S4), as published; otherwise a negative would weigh more.
        donors: See :class:`ReplaceAudio`; for ``'offscreen'``.
        offscreen_dir: See :class:`ReplaceAudio`; in place of ``donors``.
        **kwargs: Further arguments of :class:`ReplaceAudio`.

    Raises:
        ValueError: A share outside [0, 1], no mode, or what :class:`ReplaceAudio` refuses.

    Source: ``S4Dataset_ood_silence`` of jiali-home/AVSBench-Robust.
    """

    def __init__(
        self,
        share: float = 0.1,
        modes: Sequence[str] = ('offscreen', 'silence'),
        label_all_frames: bool = False,
        donors: dict[str, Any] | None = None,
        offscreen_dir: str | os.PathLike | None = None,
        **kwargs: Any,
    ) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f'share must lie in [0, 1], got {share}')
        if not modes or isinstance(modes, str):
            raise ValueError(f'modes must be a non-empty sequence out of {MODES}, got {modes!r}')
        self.share = share
        self.label_all_frames = label_all_frames
        sounds = dict(donors=donors, offscreen_dir=offscreen_dir)
        self.replacements = [
            ReplaceAudio(mode, empty_target=True, **kwargs, **(sounds if mode == 'offscreen' else {})) for mode in modes
        ]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Make the sample a negative, or leave it alone."""
        if 'gt_masks' not in results:
            raise ValueError('RandomNegativeAudio needs the key "gt_masks"; put LoadClipMasks before it')
        if np.random.random() >= self.share:
            return results
        results = self.replacements[np.random.randint(len(self.replacements))](results)
        if self.label_all_frames:
            results.update(dict.fromkeys(('frame_annotated', 'frame_labelled'), [True] * results['num_frames']))
        return results
