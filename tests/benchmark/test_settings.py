import pytest
import torch

from mmavs.benchmark import BenchmarkSettings


@pytest.mark.parametrize(
    ('options', 'named'),
    [
        (dict(rounds=0), 'rounds'),
        (dict(threads=0), 'threads'),
        (dict(frames=0), 'frames'),
        (dict(size=(0, 224)), 'size'),
        (dict(amp='int8'), 'amp'),
        (dict(clock='sun'), 'clock'),
        (dict(device='tpu'), 'device'),
        (dict(device='cuda', clock='cpu'), 'clock'),
        (dict(amp='fp16'), 'bf16'),
    ],
)
def test_what_cannot_be_measured_is_refused(options, named):
    with pytest.raises(ValueError, match=named):
        BenchmarkSettings(**options)


def test_device_type_and_precision():
    settings = BenchmarkSettings(device='cuda:1', amp='fp16')
    assert (settings.device_type, settings.dtype) == ('cuda', torch.float16)
    assert BenchmarkSettings().dtype == torch.float32
