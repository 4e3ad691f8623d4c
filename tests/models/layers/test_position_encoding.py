import math

import pytest
import torch

from mmavs.models.layers import sine_position_encoding


def plain(height, width, feats, normalize):
    code = torch.empty(2 * feats, height, width)
    for row in range(height):
        for column in range(width):
            for axis, (position, length) in enumerate(((row + 1, height), (column + 1, width))):
                place = position / (length + 1e-6) * 2 * math.pi if normalize else position
                for i in range(feats):
                    angle = place / 10000 ** (2 * (i // 2) / feats)
                    code[axis * feats + i, row, column] = math.cos(angle) if i % 2 else math.sin(angle)
    return code


@pytest.mark.parametrize('normalize', [False, True])
def test_code_equals_the_published_formula(normalize):
    code = sine_position_encoding(3, 5, 6, normalize=normalize)
    torch.testing.assert_close(code, plain(3, 5, 6, normalize), rtol=1e-5, atol=1e-6)


def test_an_odd_width_is_refused():
    with pytest.raises(ValueError, match='even num_feats'):
        sine_position_encoding(2, 2, 5)
