"""Training loops."""

from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmavs.registry import LOOPS

from .data_stream import StreamSampler


@LOOPS.register_module()
class ResumableIterTrainLoop(IterBasedTrainLoop):
    """mmengine's ``IterBasedTrainLoop`` that resumes without reading the data it has seen already.

    mmengine reads and drops every batch up to the iteration of the checkpoint; here the sampler jumps to its place, so that
    resuming takes the same time at any iteration.

    Args:
        runner: The runner.
        dataloader: Loader or config, with an ``InfiniteSampler`` and a ``batch_size``.
        max_iters: Iterations to train.
        val_begin: First iteration at which a validation may run.
        val_interval: Iterations between validations.

    Raises:
        ValueError: The loader has another sampler or no ``batch_size``.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
    ) -> None:
        super().__init__(runner, dataloader, max_iters, val_begin, val_interval)
        sampler = self.dataloader.sampler
        if not isinstance(sampler, StreamSampler) or not sampler.is_infinite or self.dataloader.batch_size is None:
            raise ValueError(
                'ResumableIterTrainLoop needs an AVSRunner and train_dataloader.sampler=dict(type="InfiniteSampler") with a '
                f'batch_size, got {type(sampler).__name__} with {self.dataloader.batch_size}; with other samplers use '
                'IterBasedTrainLoop, which reads all data again when it resumes'
            )

    def run(self) -> nn.Module:
        """Train from the current iteration to the last."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        if self._iter > 0:
            self.dataloader.sampler.start = self._iter * self.dataloader.batch_size
            self.dataloader_iterator = iter(self.dataloader)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            due = self._iter % self.val_interval == 0 or self._iter == self._max_iters
            if self.runner.val_loop is not None and self._iter >= self.val_begin and due:
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model
