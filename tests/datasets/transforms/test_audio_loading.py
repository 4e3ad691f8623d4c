import os
import pickle

import pytest
import torch
from layouts import write_log_mel

from mmavs.datasets.transforms import LoadAudio, LoadLogMelPickle, read_log_mel_pickle


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f'touch {self.path}',))


@pytest.mark.parametrize('protocol', range(6))
def test_pickled_tensors_of_every_protocol(tmp_path, protocol):
    want = torch.randn(5, 1, 96, 64, requires_grad=True)
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(want, protocol=protocol))
    got = read_log_mel_pickle(tmp_path / 'a.pkl')
    assert torch.equal(got, want.detach())
    assert not got.requires_grad


@pytest.mark.parametrize('as_zip', [True, False])
def test_files_of_torch_save(tmp_path, as_zip):
    want = torch.nn.Parameter(torch.randn(5, 1, 96, 64))
    torch.save(want, tmp_path / 'a.pkl', _use_new_zipfile_serialization=as_zip)
    assert torch.equal(read_log_mel_pickle(tmp_path / 'a.pkl'), want.detach())


@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_code_in_a_pickle_never_runs(tmp_path, protocol):
    trace = tmp_path / 'ran'
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(Command(trace), protocol=protocol))
    with pytest.raises(ValueError, match=r"a\.pkl' cannot be read safely .*system, which is no part of a tensor"):
        read_log_mel_pickle(tmp_path / 'a.pkl')
    assert not trace.exists()


def test_code_inside_the_storage_never_runs(tmp_path):
    trace = tmp_path / 'ran'
    inner = pickle.dumps(Command(trace))

    class Outer:
        def __reduce__(self):
            return (torch.storage._load_from_bytes, (inner,))

    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(Outer()))
    with pytest.raises(ValueError, match='cannot be read safely'):
        read_log_mel_pickle(tmp_path / 'a.pkl')
    assert not trace.exists()


def test_seconds_are_taken_from_the_pickle(tmp_path):
    want = write_log_mel(tmp_path / 'a.pkl', num=10).detach()
    clip = dict(audio_path=str(tmp_path / 'a.pkl'), num_frames=5)
    assert torch.equal(LoadLogMelPickle()(dict(clip))['audio'], want[:5])
    sampled = LoadLogMelPickle()({**clip, 'num_frames': 1, 'num_seconds': 5, 'audio_seconds': [3]})
    assert torch.equal(sampled['audio'], want[[3]])
    with pytest.raises(ValueError, match='10 examples, the clip has 11 seconds'):
        LoadLogMelPickle()({**clip, 'num_frames': 11})


def test_the_wav_loader_refuses_a_pickle():
    with pytest.raises(ValueError, match='use LoadLogMelPickle'):
        LoadAudio()(dict(audio_path='a.pkl'))
