import numpy as np
import pytest
import torch

from mmavs.audio import resample


@pytest.mark.parametrize('rate', [44100, 48000, 22050, 8000, 11025, 96000, 15999])
def test_equals_resampy(rate):
    resampy = pytest.importorskip('resampy', reason='resampy is a test-only reference')
    x = np.random.default_rng(rate).standard_normal(rate // 4 + 7)
    want = resampy.resample(x, rate, 16000)
    np.testing.assert_allclose(resample(torch.from_numpy(x), rate, 16000).numpy(), want, atol=1e-9)
    np.testing.assert_allclose(resample(torch.from_numpy(x).float(), rate, 16000).numpy(), want, atol=1e-5)


def test_equals_the_sum_over_a_windowed_sinc():
    x = np.random.default_rng(0).standard_normal(4410)
    got = resample(torch.from_numpy(x), 44100, 16000).numpy()
    ratio = 16000 / 44100
    step = int(ratio * 8192) / 8192  # the table is read at whole entries
    for t in (0, 3, 777, 1599):
        time = t / ratio
        total = 0.0
        for i in range(len(x)):
            wing = (time - int(time)) * ratio + (int(time) - i) * step if i <= time else None
            if wing is None:
                wing = (1 - (time - int(time))) * ratio + (i - int(time) - 1) * step
            if wing < 50:
                taper = np.i0(12.984585247040012 * np.sqrt(1 - (wing / 50) ** 2)) / np.i0(12.984585247040012)
                total += x[i] * ratio * 0.9173473712608761 * np.sinc(0.9173473712608761 * wing) * taper
        assert got[t] == pytest.approx(total, abs=1e-6)


def test_leading_dimensions_are_independent():
    x = torch.randn(2, 3, 999, dtype=torch.float64)
    got = resample(x, 22050, 16000)
    assert got.shape == (2, 3, 999 * 16000 // 22050)
    torch.testing.assert_close(got[1, 2], resample(x[1, 2], 22050, 16000))


def test_a_tone_stays_a_tone():
    time = torch.arange(44100, dtype=torch.float64) / 44100
    got = resample(torch.sin(2 * torch.pi * 440 * time), 44100, 16000)
    want = torch.sin(2 * torch.pi * 440 * torch.arange(16000, dtype=torch.float64) / 16000)
    assert (got - want)[400:-400].abs().max() < 1e-3


def test_same_rate_changes_nothing():
    x = torch.randn(10)
    assert torch.equal(resample(x, 16000, 16000), x)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((0, 16000), 'sample_rate must be a positive integer'),
        ((16000, 0.5), 'new_sample_rate must be a positive integer'),
        ((44100, 16000, 'sinc'), 'filter_name must be one of'),
        ((1600000, 16000), 'too few for one sample'),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        resample(torch.zeros(20), *arguments)
