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
    """

    def __init__(self, draw: bool = False, out_dir: str | None = None, interval: int = 1) -> None:
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
        if not self.draw:
            return
        inputs = data_batch['inputs']
        for i, sample in enumerate(outputs or ()):
            self.seen += 1
            if (self.seen - 1) % self.interval:
                continue
            clip_id = sample.get('clip_id', str(self.seen))
            name = re.sub(r'[^\w.-]+', '_', clip_id)
            runner.visualizer.add_datasample(
                clip_id,
                inputs['frames'][i].permute(0, 2, 3, 1).cpu().numpy(),
                sample,
                log_mel=inputs['audio'][i][:, 0].cpu().numpy(),
                out_file=None if self.out_dir is None else Path(self.out_dir) / f'{name}.png',
                step=self.seen,
            )
