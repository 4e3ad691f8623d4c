"""The registered visualizer."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.visualization import Visualizer

from mmavs.registry import VISUALIZERS
from mmavs.structures import AVSDataSample

from .clip_sheet import draw_clip
from .clip_sound import clip_waveform


@VISUALIZERS.register_module()
class AVSVisualizer(Visualizer):
    """mmengine's visualizer (curves, back ends such as TensorBoard) that also draws clips."""

    def add_datasample(
        self,
        name: str,
        frames: np.ndarray,
        sample: AVSDataSample,
        *,
        log_mel: np.ndarray | None = None,
        out_file: Path | None = None,
        step: int = 0,
    ) -> np.ndarray:
        """Draw a clip with what its sample knows; write it to ``out_file``, or else to the back ends.

        The waveform is read again from the sample's audio file. It is left out where there is no such wav file (log-mels from
        disk, a clip from memory), or where a transform has replaced the sound, see
        :func:`~mmavs.visualization.clip_sound.clip_waveform`.

        Args:
            name: Name of the picture, and its title.
            frames: ``(T, H, W, 3)`` uint8 RGB.
            sample: Annotations and predictions.
            log_mel: ``(T, 96, 64)``.
            out_file: PNG file.
            step: Step in the back ends.

        Returns:
            The picture, ``(height, width, 3)`` uint8 RGB.

        Raises:
            OSError: ``out_file`` cannot be written.
        """

        def array(key: str) -> np.ndarray | None:
            return sample.get(key).cpu().numpy() if key in sample else None

        gt_masks, logits = array('gt_masks'), sample.get('pred_logits')
        size = frames.shape[1:3] if gt_masks is None else gt_masks.shape[1:3]
        if tuple(size) != tuple(frames.shape[1:3]):
            frames = np.stack([cv2.resize(f, tuple(size[::-1]), interpolation=cv2.INTER_AREA) for f in frames])
        sheet = draw_clip(
            frames,
            gt_masks=gt_masks,
            pred_masks=array('pred_masks'),
            probability=None if logits is None or logits.shape[1] > 1 else logits[:, 0].float().sigmoid().cpu().numpy(),
            uncertainty=array('pred_uncertainty'),
            groups=array('pred_groups'),
            response=array('pred_response'),
            waveform=clip_waveform(sample, len(frames), log_mel),
            log_mel=log_mel,
            sounding=sample.get('sounding'),
            title=name,
            classes=sample.get('classes'),
        )
        if out_file is None:
            self.add_image(name, sheet, step)
        else:
            out_file.parent.mkdir(parents=True, exist_ok=True)
            if not cv2.imwrite(str(out_file), sheet[..., ::-1]):
                raise OSError(f'{out_file} cannot be written; is the folder writable, is the name a .png?')
        return sheet
