"""Pictures of test clips."""

import re
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmavs.registry import HOOKS
from mmavs.structures import AVSDataSample


@HOOKS.register_module()
class AVSVisualizationHook(Hook):
    """Draw every ``interval``-th clip of a test run with ``AVSVisualizer`` (``tools/test.py --show-dir``).

    Args:
        draw: Whether to draw at all.
        out_dir: Folder for the PNG files; ``None`` hands the pictures to the visualizer's back ends.
        interval: Draw one clip of so many.

    Raises:
        ValueError: ``interval`` is not positive.
    """

    def __init__(self, draw: bool = False, out_dir: str | None = None, interval: int = 1) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.draw = draw
        self.out_dir = out_dir
        self.interval = interval
        self.seen = 0

    def before_test(self, runner: Runner) -> None:
        """Start counting."""
        self.seen = 0

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: list[AVSDataSample] | None = None
    ) -> None:
        """Draw the clips of one batch."""
        inputs = data_batch['inputs']
        if not self.draw or 'frames' not in inputs:  # an audio-only task has nothing to show
            return
        for i, sample in enumerate(outputs or ()):
            self.seen += 1
            if (self.seen - 1) % self.interval:
                continue
            clip_id = sample.get('clip_id', str(self.seen))
            file_name = re.sub(r'[^\w.-]+', '_', clip_id)
            log_mel = inputs['audio'][i][:, 0].cpu().numpy() if 'audio' in inputs else None
            runner.visualizer.add_datasample(
                clip_id,
                inputs['frames'][i].permute(0, 2, 3, 1).cpu().numpy(),
                sample,
                log_mel=log_mel,
                out_file=None if self.out_dir is None else Path(self.out_dir) / f'{file_name}.png',
                step=self.seen,
            )
