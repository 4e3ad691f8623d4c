import pytest
import torch
from torch.nn.functional import one_hot

from mmavs.audio import cavp_mel


def noise(*shape, dtype=torch.float64):
    return 0.1 * torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(('length', 'rows'), [(48000, 300), (16000, 96)])
def test_equals_torchaudio(length, rows):
    torchaudio = pytest.importorskip('torchaudio', reason='torchaudio is the reference of this test')
    wave = noise(3, 2, length)
    front_end = torchaudio.transforms.MelSpectrogram(
        sample_rate=16000, n_fft=512, win_length=400, hop_length=160, n_mels=64, f_min=125.0, f_max=3800.0
    ).double()
    power = front_end(wave)[..., :rows].transpose(-1, -2)
    decibels = 20 * torch.log10(torch.clamp(power, min=1e-5))
    want = 2 * (decibels + 100) / 200 - 1
    got = cavp_mel(wave, rows)
    assert got.shape == (3, 2, rows, 64)
    # the window and the triangles of the reference are rounded to single precision
    torch.testing.assert_close(got, want, rtol=0, atol=2e-5)
    torch.testing.assert_close(cavp_mel(wave.float(), rows).double(), want, rtol=0, atol=1e-3)


def test_silence_is_the_lower_end_and_level_is_in_decibels():
    assert (cavp_mel(torch.zeros(48000)) == -1).all()
    loud, quiet = cavp_mel(noise(48000) * 100), cavp_mel(noise(48000) * 10)
    heard = quiet > -1
    # a tenth of the amplitude is a hundredth of the power, which counts as 40 dB here
    torch.testing.assert_close((loud - quiet)[heard], torch.full_like(loud, 0.4)[heard], rtol=0, atol=1e-9)


def test_windows_are_about_their_centre():
    click = one_hot(torch.tensor(16000), 48000).double()
    energy = (cavp_mel(click) + 1).sum(-1)
    assert energy.argmax() == 100
    torch.testing.assert_close(energy[99], energy[101])


def test_wrong_waveforms_are_refused():
    with pytest.raises(ValueError, match='gives 101 rows'):
        cavp_mel(noise(16000), 300)
    with pytest.raises(ValueError, match='more than 256 samples'):
        cavp_mel(noise(200), 1)
    with pytest.raises(TypeError, match='floating point'):
        cavp_mel(torch.zeros(48000, dtype=torch.int16))
