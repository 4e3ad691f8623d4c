"""Mixed precision on CPU and GPU alike."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmavs.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BF16OptimWrapper(OptimWrapper):
    """Run the forward pass under bf16 autocast; bf16 has the range of fp32, so no loss scaling is needed.

    mmengine's ``AmpOptimWrapper`` insists on an accelerator and builds a gradient scaler even for bf16.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast for the device the model is on."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield
