import pickle
import shutil

import numpy as np
import pytest
import soundfile
import torch
from layouts import make_avss, make_ms3, make_s4, picture, save, write_wav
from mmengine.dataset import ConcatDataset, RepeatDataset
from PIL import Image

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset, voc_palette
from mmavs.datasets.checks import check_dataset
from mmavs.datasets.known_defects import LONG_AUDIO


class Evil:
    def __reduce__(self):
        return (pickle.loads, (b'N.',))


def pipeline(mode, *audio):
    return [
        dict(type='LoadClipFrames'),
        dict(type='LoadClipMasks', mode=mode),
        *(dict(type=name) for name in audio or ('LoadAudio', 'VGGishLogMel')),
        dict(type='PackAVSInputs'),
    ]


@pytest.fixture(scope='module')
def clean(tmp_path_factory):
    root = tmp_path_factory.mktemp('clean')
    make_s4(root, splits=('val',), clips=1)
    make_ms3(root, splits=('val',), clips=2)
    make_avss(root, voc_palette(71), splits=('val',))
    return root


def build(root, kind):
    if kind == 's4':
        return AVSBenchS4Dataset(root / 'Single-source', 'val', pipeline('binary'))
    if kind == 's4-pkl':
        return AVSBenchS4Dataset(root / 'Single-source', 'val', pipeline('binary', 'LoadLogMelPickle'), audio='log_mel')
    if kind == 'ms3':
        return AVSBenchMS3Dataset(root / 'Multi-sources', 'val', pipeline('index'))
    mode = 'index' if kind == 'avss-index' else 'palette'
    return AVSSDataset(root / 'AVSBench-semantic', 'val', pipeline(mode))


FRAME = 'Single-source/s4_data/visual_frames/val/playing_piano/play_val0/play_val0_3.png'
MASK = FRAME.replace('visual_frames', 'gt_masks')
WAV = 'Single-source/s4_data/audio_wav/val/playing_piano/play_val0.wav'
PKL = 'Single-source/s4_data/audio_log_mel/val/playing_piano/play_val0.pkl'
MS3_MASK = 'Multi-sources/ms3_data/gt_masks/val/val-clip1/val-clip1_2.png'
AVSS = 'AVSBench-semantic/v2/v2val0_0_10000'


def cut(path):
    path.write_bytes(path.read_bytes()[:-60])


def dump(value):
    return lambda path: path.write_bytes(pickle.dumps(value))


def paint(value):
    def damage(path):
        image = np.asarray(Image.open(path)).copy()
        image[2, 3] = value
        save(path, image)

    return damage


DAMAGE = {
    'frame missing': ('s4', FRAME, lambda path: path.unlink(), 'does not exist'),
    'frame truncated': ('s4', FRAME, cut, 'truncated'),
    'frame empty': ('s4', FRAME, lambda path: path.write_bytes(b''), 'empty'),
    'frame no picture': ('s4', FRAME, lambda path: path.write_text('hello'), 'cannot be decoded'),
    'frame of other size': (
        's4',
        FRAME,
        lambda path: save(path, picture(0, (24, 30))),
        'other frames are|all frames of a clip',
    ),
    'mask missing': ('s4', MASK, lambda path: path.unlink(), 'does not exist'),
    'mask truncated': ('s4', MASK, cut, 'truncated'),
    'mask of other size': ('s4', MASK, lambda path: save(path, np.zeros((9, 9), np.uint8)), 'must have one size'),
    'mask with grey': ('s4', MASK, paint(90), r'holds the values \[90\]'),
    'mask with index': ('ms3', MS3_MASK, paint(1), r'holds the values \[1\]'),
    'wav missing': ('s4', WAV, lambda path: path.unlink(), 'does not exist'),
    'wav truncated': ('s4', WAV, cut, 'truncated'),
    'wav empty': ('s4', WAV, lambda path: path.write_bytes(b''), 'empty'),
    'wav is mp3': ('s4', WAV, lambda path: path.write_bytes(b'ID3' + bytes(999)), 'not a wav file'),
    'wav without samples': ('s4', WAV, lambda path: write_wav(path, 0), '0 samples'),
    'wav too short': ('s4', WAV, lambda path: write_wav(path, 4), 'shorter than its clip of 5 s'),
    'wav with nan': ('s4', WAV, lambda path: soundfile.write(path, np.full(80000, np.nan), 16000, 'FLOAT'), 'NaN'),
    'pickle missing': ('s4-pkl', PKL, lambda path: path.unlink(), 'does not exist'),
    'pickle with code': ('s4-pkl', PKL, dump(Evil()), 'no part of a tensor'),
    'pickle truncated': ('s4-pkl', PKL, cut, 'cannot be read safely'),
    'pickle of a list': ('s4-pkl', PKL, dump([1.0]), 'holds a list'),
    'pickle of other shape': ('s4-pkl', PKL, dump(torch.zeros(5, 96, 64)), 'has shape'),
    'pickle too short': ('s4-pkl', PKL, dump(torch.zeros(4, 1, 96, 64)), '4 examples'),
    'pickle with nan': ('s4-pkl', PKL, dump(torch.full((5, 1, 96, 64), torch.nan)), 'NaN'),
    'unknown colour': ('avss', f'{AVSS}/labels_rgb/4.png', paint((9, 9, 9)), 'colour that no class has'),
    'unknown index': ('avss-index', f'{AVSS}/labels_semantic/4.png', paint(71), 'holds the class index 71'),
    'jpeg truncated': ('avss', f'{AVSS}/frames/9.jpg', cut, 'truncated'),
    'last frame missing': ('avss', f'{AVSS}/frames/9.jpg', lambda path: path.unlink(), 'does not exist'),
}


@pytest.mark.parametrize('name', DAMAGE)
def test_damage_is_reported_by_name_and_stops_the_clip(clean, tmp_path, name):
    kind, file, damage, message = DAMAGE[name]
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    damage(tmp_path / file)
    dataset = build(tmp_path, kind)
    problems = list(check_dataset(dataset))
    assert {problem.path for problem in problems} == {str(tmp_path / file)}
    with pytest.raises(ValueError, match=message):
        raise ValueError(problems[0].message)
    index = next(i for i in range(len(dataset)) if dataset.get_data_info(i)['clip_id'] == problems[0].clip_id)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        dataset[index]
    assert str(tmp_path / file) in str(error.value)
    assert problems[0].clip_id in str(error.value)


@pytest.mark.parametrize('kind', ['s4', 's4-pkl', 'ms3', 'avss', 'avss-index'])
def test_clean_sets_have_no_problem(clean, kind):
    assert list(check_dataset(build(clean, kind))) == []


JPEG_DAMAGE = {
    'second half lost': lambda d: d[: len(d) // 2] + d[-2:],
    'a few lines lost': lambda d: d[:-60] + d[-2:],
    'a block of zeros': lambda d: d[:-400] + bytes(200) + d[-200:],
}


@pytest.mark.parametrize('options', [dict(), dict(progressive=True), dict(optimize=True, subsampling=0)])
@pytest.mark.parametrize('name', JPEG_DAMAGE)
def test_damage_inside_a_jpeg_is_found(clean, tmp_path, name, options):
    shutil.copytree(clean / 'AVSBench-semantic', tmp_path / 'AVSBench-semantic')
    path = tmp_path / AVSS / 'frames/9.jpg'
    Image.open(path).save(path, 'JPEG', quality=90, **options)
    assert list(check_dataset(build(tmp_path, 'avss'))) == []
    path.write_bytes(JPEG_DAMAGE[name](path.read_bytes()))
    (problem,) = check_dataset(build(tmp_path, 'avss'))
    assert problem.path == str(path)
    assert f'{str(path)!r} is damaged inside' in problem.message
    assert 'copy it again' in problem.message


@pytest.mark.parametrize('mode', ['L', 'CMYK'])
def test_an_unusual_jpeg_is_no_damage(clean, tmp_path, mode):
    shutil.copytree(clean / 'AVSBench-semantic', tmp_path / 'AVSBench-semantic')
    path = tmp_path / AVSS / 'frames/9.jpg'
    Image.open(path).convert(mode).save(path)
    path.write_bytes(path.read_bytes() + b'written by a camera')
    assert list(check_dataset(build(tmp_path, 'avss'))) == []


def test_audio_much_longer_than_its_clip_is_listed_as_known(clean, tmp_path):
    shutil.copytree(clean / 'Single-source', tmp_path / 'Single-source')
    write_wav(tmp_path / WAV, 5.7)
    assert list(check_dataset(build(tmp_path, 's4'))) == []
    data = bytearray((tmp_path / WAV).read_bytes())
    data[24:28] = (8000).to_bytes(4, 'little')  # half the rate: the sound is twice as long
    (tmp_path / WAV).write_bytes(data)
    (problem,) = check_dataset(build(tmp_path, 's4'))
    assert (problem.known, problem.path) == (LONG_AUDIO, str(tmp_path / WAV))
    assert 'lasts 11.400 s at 8000 Hz, its clip 5 s' in problem.message


def test_surplus_frames_are_reported(clean, tmp_path):
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    folder = (tmp_path / FRAME).parent
    save(folder / 'play_val0_6.png', picture(0))
    (folder / '.DS_Store').write_text('')
    (problem,) = check_dataset(build(tmp_path, 's4'))
    assert problem.path == str(folder)
    assert "holds 6 frames, the csv and the layout say 5; surplus: ['play_val0_6.png']" in problem.message


def test_every_problem_is_reported_not_only_the_first(clean, tmp_path):
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    for file in (FRAME, MASK, WAV):
        (tmp_path / file).unlink()
    problems = list(check_dataset(build(tmp_path, 's4')))
    assert [problem.path for problem in problems] == [str(tmp_path / file) for file in (FRAME, MASK, WAV)]


def test_short_audio_is_accepted_where_the_pipeline_pads(clean, tmp_path):
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    write_wav(tmp_path / WAV, 4)
    steps = pipeline('binary')
    steps[3] = dict(type='VGGishLogMel', short_audio='repeat_last')
    assert list(check_dataset(AVSBenchS4Dataset(tmp_path / 'Single-source', 'val', steps))) == []


def test_nan_from_the_pipeline_is_found(clean):
    def spoil(packed):
        packed['inputs']['audio'][0] = torch.nan
        return packed

    dataset = AVSBenchS4Dataset(clean / 'Single-source', 'val', [*pipeline('binary'), spoil])
    problems = list(check_dataset(dataset))
    assert len(problems) == len(dataset)
    assert "NaN or infinite values in ['audio']" in problems[0].message
    assert list(check_dataset(dataset, run_pipeline=False)) == []


def test_wrapped_sets_are_walked_through(clean):
    ticks = []
    wrapped = ConcatDataset([build(clean, 'ms3'), build(clean, 'ms3')])
    assert list(check_dataset(RepeatDataset(build(clean, 'ms3'), times=3))) == []
    assert list(check_dataset(wrapped, on_clip=lambda: ticks.append(1))) == []
    assert len(ticks) == 4
    with pytest.raises(TypeError, match='expected a BaseAVSDataset'):
        list(check_dataset([1, 2]))
