"""Caches give what the pipeline gives, in files that the data set classes read; an interrupted run goes on."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from downloads import tree_hash
from layouts import make_avss, make_ms3, write_wav

from mmavs.datasets import AVSS_CLASSES, AVSBenchMS3Dataset, AVSSDataset, voc_palette
from mmavs.preparation import AVSS, MS3, Options, prepare
from mmavs.preparation.parallel import run_parallel

ROOT = Path(__file__).parents[2]


def run(layout, sources, out, **options):
    return prepare([layout], Options(sources=sources, out=out, expect='found', **options))


@pytest.fixture(scope='module')
def download(tmp_path_factory):
    root = tmp_path_factory.mktemp('download')
    make_ms3(root, clips=2)
    for path in root.glob('Multi-sources/ms3_data/audio_log_mel/*/*.pkl'):
        path.unlink()
    write_wav(root / 'Multi-sources/ms3_data/audio_wav/val/val-clip1.wav', 3.2)  # too short for 5 examples
    make_avss(root, voc_palette(len(AVSS_CLASSES)), a_obj=('dog',), classes=AVSS_CLASSES)
    return root


@pytest.fixture(scope='module')
def caches(download, tmp_path_factory):
    out, before = tmp_path_factory.mktemp('out'), tree_hash(download)
    assert run(MS3, [download], out, caches=['log_mel'], workers=2) == 0
    assert run(AVSS, [download], out, caches=['log_mel', 'frames224']) == 0
    assert tree_hash(download) == before
    return out


@pytest.mark.parametrize(
    ('kind', 'folder'), [(AVSBenchMS3Dataset, 'Multi-sources'), (AVSSDataset, 'AVSBench-semantic')]
)
def test_log_mels_are_those_of_the_wav_path(kind, folder, caches):
    padding = 'zeros' if kind is AVSSDataset else 'repeat_last'
    for split in ('train', 'val', 'test'):
        computed = kind(
            caches / folder, split, [dict(type='LoadAudio'), dict(type='VGGishLogMel', short_audio=padding)]
        )
        cached = kind(caches / folder, split, [dict(type='LoadLogMelPickle')], audio='log_mel')
        assert len(computed) == len(cached) > 0
        for a, b in zip(computed, cached, strict=True):
            assert torch.equal(a['audio'], b['audio'])


def test_a_cached_log_mel_is_a_plain_tensor_without_surplus(caches):
    path = caches / 'Multi-sources/ms3_data/audio_log_mel/val/val-clip1.pkl'
    log_mel = torch.load(path, weights_only=True)
    assert log_mel.shape == (5, 1, 96, 64)
    assert not log_mel.requires_grad
    assert torch.equal(log_mel[3], log_mel[4])  # 3.2 s give three examples
    assert path.stat().st_size < 5 * 96 * 64 * 4 + 4096


@pytest.mark.parametrize('mask_mode', ['palette', 'index'])
def test_small_frames_and_masks_are_those_of_the_pipeline(mask_mode, caches):
    load = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks', mode=mask_mode), dict(type='LoadAudio')]
    for split in ('train', 'val', 'test'):
        size = (
            dict(type='ResizeShortSideCenterCropClip', size=224)
            if split == 'train'
            else dict(type='ResizeClip', size=(224, 224))
        )
        full = AVSSDataset(caches / 'AVSBench-semantic', split, [*load, size])
        small = AVSSDataset(caches / 'AVSBench-semantic-224', split, load)
        again = AVSSDataset(caches / 'AVSBench-semantic-224', split, [*load, size])  # the config needs no change
        assert len(full) == len(small) > 0
        for a, b, c in zip(full, small, again, strict=True):
            for key in ('frames', 'gt_masks', 'waveform'):
                np.testing.assert_array_equal(a[key], b[key])
                np.testing.assert_array_equal(a[key], c[key])


def test_a_damaged_wav_is_named_and_the_others_are_done(download, tmp_path, capsys):
    source = tmp_path / 'download'
    make_ms3(source, splits=('train', 'val', 'test'), clips=1)
    for path in source.rglob('*.pkl'):
        path.unlink()
    (source / 'Multi-sources/ms3_data/audio_wav/val/val-clip0.wav').write_bytes(b'RIFF')
    assert run(MS3, [source], tmp_path / 'out', caches=['log_mel']) == 1
    assert 'val-clip0.wav' in capsys.readouterr().out
    assert len(list((tmp_path / 'out').rglob('*.pkl'))) == 2
    with pytest.raises(ValueError, match='--workers must be at least 1'):
        run(MS3, [source], tmp_path / 'out', caches=['log_mel'], workers=0)


def fill_the_disk(task):
    raise OSError(errno.ENOSPC, 'No space left on device')


@pytest.mark.parametrize('workers', [1, 2])
def test_a_full_disk_ends_all_work(workers):
    with pytest.raises(OSError, match='No space left') as error:
        run_parallel(fill_the_disk, range(100), workers, 'test')
    assert error.value.errno == errno.ENOSPC


def kill_the_worker(task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_one_message():
    with pytest.raises(ValueError, match=r'test: a worker process was killed .* fewer --workers'):
        run_parallel(kill_the_worker, range(4), 2, 'test')


# slow on purpose, so that the kill hits in the middle
PROGRAM = """
import os, sys, time
from mmavs.preparation import AVSS, Options, files, prepare
replace = os.replace
def slowly(*args):
    time.sleep(0.02)
    replace(*args)
os.replace = slowly
options = Options(sources=[sys.argv[1]], out=sys.argv[2], expect='found', mode=sys.argv[3], caches=['log_mel', 'frames224'])
options.workers = int(sys.argv[4])
sys.exit(prepare([AVSS], options))
"""


def finished(out):
    """Files that have their name."""
    return [
        path
        for path in out.rglob('*')
        if path.is_file() and not any(p.startswith('.') for p in path.relative_to(out).parts)
    ]


@pytest.mark.parametrize(('mode', 'workers', 'after'), [('copy', 1, 0.15), ('link', 2, 0.7)])
def test_killed_in_the_middle_and_run_again(mode, workers, after, download, caches, tmp_path, capsys):
    complete = {path.relative_to(caches): path for path in finished(caches)}
    expected = [name for name in complete if not name.as_posix().startswith('Multi-sources')]
    out, before = tmp_path / 'out', tree_hash(download)
    args = [sys.executable, '-c', PROGRAM, str(download), str(out), mode, str(workers)]
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    process = subprocess.Popen(args, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while len(finished(out)) < after * len(expected):
            assert process.poll() is None, 'it ended before it was killed'
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(1.2)  # workers notice that their parent is gone
    assert len(finished(out)) < len(expected)
    for path in finished(out):  # whatever has its name is complete
        assert path.read_bytes() == complete[path.relative_to(out)].read_bytes()
    assert run(AVSS, [download], out, mode=mode, caches=['log_mel', 'frames224']) == 0
    assert 'complete: avss 9 clips' in capsys.readouterr().out
    assert len(finished(out)) == len(expected)
    for name in expected:
        assert (out / name).read_bytes() == complete[name].read_bytes()
    assert not (out / '.parts').exists()
    assert tree_hash(download) == before


def test_what_is_done_is_not_done_again(download, caches):
    stamps = {path: path.lstat().st_mtime_ns for path in finished(caches)}
    assert run(AVSS, [download], caches, caches=['log_mel', 'frames224']) == 0
    assert {path: path.lstat().st_mtime_ns for path in finished(caches)} == stamps
