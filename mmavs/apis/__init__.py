"""Functions for users of the library."""

from .inference import inference_clip, init_model
from .model_zoo import config_root, get_config, list_configs

__all__ = ['config_root', 'get_config', 'inference_clip', 'init_model', 'list_configs']
