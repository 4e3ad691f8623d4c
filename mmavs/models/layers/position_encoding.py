"""Position codes."""

import math

import torch
from torch import Tensor


def sine_position_encoding(
    height: int,
    width: int,
    num_feats: int,
    *,
    normalize: bool = False,
    temperature: float = 10000.0,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return the two-dimensional sine code of DETR for a map without padding.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        num_feats: Channels per axis; even.
        normalize: Scale the positions of each axis to ``(0, 2 pi]``; otherwise they are 1, 2, 3, ...
        temperature: Ratio of the longest to the shortest wavelength.
        device: Where the code is made.

    Returns:
        ``(2 num_feats, height, width)`` float32: first the code of the row, then that of the column; in each, sines on even
        and cosines on odd channels.

    Raises:
        ValueError: ``num_feats`` is odd.

    Source:
        Carion et al., "End-to-end object detection with transformers", ECCV 2020, appendix A.4.
    """
    if num_feats % 2:
        raise ValueError(f'sine_position_encoding needs an even num_feats (sine and cosine), got {num_feats}')
    exponent = torch.arange(0, num_feats, 2, dtype=torch.float32, device=device) / num_feats
    wavelength = temperature**exponent
    rows = _axis_code(height, wavelength, normalize)[:, None].expand(height, width, num_feats)
    columns = _axis_code(width, wavelength, normalize)[None].expand(height, width, num_feats)
    return torch.cat((rows, columns), dim=-1).permute(2, 0, 1)


def _axis_code(length: int, wavelength: Tensor, normalize: bool) -> Tensor:
    """Return the code of positions ``1 .. length``: ``(length, 2 * len(wavelength))``."""
    position = torch.arange(1, length + 1, dtype=torch.float32, device=wavelength.device)
    if normalize:
        position = position / (length + 1e-6) * (2 * math.pi)
    angle = position[:, None] / wavelength
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
