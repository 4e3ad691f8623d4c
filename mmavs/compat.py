"""Every workaround for a dependency, in one place.

Each function says what is wrong, with which versions it was seen, and when it can go. ``apply()`` runs once, when ``mmavs`` is
imported, before any module of mmseg is.
"""

import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import torch


def install_mmcv_ops_placeholder() -> bool:
    """Let ``mmseg.models`` import with ``mmcv-lite``; the compiled operators raise when they are called.

    mmseg 1.2 imports ``mmcv.ops`` for a few heads, and that needs ``mmcv._ext``, which only the compiled mmcv has. The
    placeholder carries a module spec because mmengine looks for one. Remove when mmseg imports its optional operators
    lazily.

    Returns:
        Whether a placeholder was needed (false with the full mmcv).
    """
    if 'mmcv._ext' in sys.modules or importlib.util.find_spec('mmcv._ext') is not None:
        return False

    def missing_operator(name: str) -> Callable[..., Any]:
        if name.startswith('__'):
            raise AttributeError(name)

        def operator(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(
                f'the mmcv operator {name!r} needs the compiled mmcv, but mmcv-lite is installed; choose a component '
                'without it, or install mmcv>=2.1,<2.2 in place of mmcv-lite'
            )

        return operator

    module = types.ModuleType('mmcv._ext')
    module.__spec__ = importlib.machinery.ModuleSpec('mmcv._ext', loader=None)
    module.__getattr__ = missing_operator
    sys.modules['mmcv._ext'] = module
    return True


def register_config_package() -> None:
    """Let configs say ``_base_ = 'mmavs::tpavi/tpavi_r50_ms3.py'``.

    mmengine 0.10 keeps a closed list of packages that may be named so. Works for normal installs only. Remove when
    mmengine accepts any installed package.
    """
    from mmengine.config import utils

    utils.MODULE2PACKAGE.setdefault('mmavs', 'mmavs')


def load_file_safely(filename: str, map_location: Any = None) -> Any:
    """Load a local checkpoint without running code from it.

    Args:
        filename: Path of a ``.pth`` file.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file holds pickled objects beyond tensors and plain containers, or is damaged.
    """
    filename = os.path.expanduser(filename)
    if not os.path.isfile(filename):
        raise FileNotFoundError(f'checkpoint {filename} does not exist')
    try:
        return torch.load(filename, map_location=map_location, weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file fails in any of a dozen ways, by its contents
        reason = (str(error).splitlines() or ['no details'])[0]
        raise ValueError(
            f'checkpoint {filename} cannot be loaded safely ({type(error).__name__}: {reason}). It is damaged, or it holds '
            'arbitrary Python objects; if you trust its origin, pass --trust-checkpoint'
        ) from error


def load_url_safely(filename: str, map_location: Any = None, model_dir: str | None = None) -> Any:
    """Load a checkpoint from an ``http(s)`` URL without running code from it; rank 0 downloads first.

    Args:
        filename: The URL; the file is kept in ``model_dir``, by default torch's hub folder.
        map_location: As for ``torch.load``.
        model_dir: Folder of the downloaded files.
    """
    from mmengine.dist import barrier, get_rank

    options = dict(model_dir=model_dir, map_location=map_location, weights_only=True)
    checkpoint = torch.hub.load_state_dict_from_url(filename, progress=True, **options) if get_rank() == 0 else None
    barrier()
    return torch.hub.load_state_dict_from_url(filename, **options) if checkpoint is None else checkpoint


def register_safe_checkpoint_loader(trust: bool = False) -> None:
    """Make mmengine load checkpoints from disk and from URLs with ``weights_only=True``.

    mmengine 0.10 calls ``torch.load`` with that version's default, and for URLs torch's hub function, whose default is to
    unpickle anything. ``trust=True`` restores full unpickling for local files the user vouches for (``--trust-checkpoint``).
    Remove when mmengine has the choice itself.
    """
    from mmengine.runner.checkpoint import CheckpointLoader

    def load_trusted(filename: str, map_location: Any = None) -> Any:
        return torch.load(filename, map_location=map_location, weights_only=False)

    loader = load_trusted if trust else load_file_safely
    CheckpointLoader.register_scheme(prefixes='', loader=loader, force=True)
    CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), loader=load_url_safely, force=True)


def apply() -> None:
    """Apply all workarounds; calling it again changes nothing."""
    install_mmcv_ops_placeholder()
    register_config_package()
    register_safe_checkpoint_loader()
