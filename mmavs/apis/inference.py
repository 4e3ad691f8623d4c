"""Building a model and running it on one clip."""

from pathlib import Path

from mmengine import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmavs.registry import MODELS

from .model_zoo import get_config


def init_model(config: str | Path | Config, checkpoint: str | None = None, device: str = 'cpu') -> nn.Module:
    """Build a model in eval mode.

    Args:
        config: Path, name in the zoo, or a loaded config.
        checkpoint: File or URL with all weights of the model; ``None`` leaves it as constructed.
        device: Where the model goes.

    Raises:
        ValueError: The checkpoint belongs to another model: keys are missing, left over or of another shape.
    """
    cfg = config if isinstance(config, Config) else get_config(config)
    init_default_scope(cfg.get('default_scope', 'mmavs'))
    model = MODELS.build(cfg.model)
    if checkpoint is not None:
        try:
            load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
        except RuntimeError as error:
            raise ValueError(f'checkpoint {checkpoint} does not belong to this model: {error}') from error
    model.cfg = cfg
    return model.to(device).eval()
