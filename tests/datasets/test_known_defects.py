import numpy as np
import pytest
from layouts import make_avss, make_ms3, make_s4
from PIL import Image
from test_avss_dataset import LEAKY, write_leaky

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset, voc_palette
from mmavs.datasets.avss_csv import source_video
from mmavs.datasets.checks import check_dataset
from mmavs.datasets.known_defects import (
    CLIP_SPLITS,
    COLOURS,
    LEAK,
    SHARED_SPLITS,
    SHARED_SUBSETS,
    TOKENS,
    known_defects,
    leaked_clips,
)


@pytest.mark.parametrize(
    ('uid', 'label', 'video'),
    [
        ('a_b-c_1000_6000', 'v1s', 'a_b-c'),
        ('a_b-c_1000_11000', 'v2', 'a_b-c'),
        ('abcdefghijk', 'v1m', 'abcdefghijk'),
        ('abcdefghijk_1', 'v1m', 'abcdefghijk'),
        ('abcdefghi_1', 'v1m', 'abcdefghi_1'),
        ('free', 'v2', 'free'),
    ],
)
def test_source_video_of_a_clip(uid, label, video):
    assert source_video(uid, label) == video


def test_defects_are_counted_in_the_whole_csv(tmp_path):
    dataset = AVSSDataset(write_leaky(tmp_path), 'val', subsets=('v1m',))
    defects = {defect.name: (defect.count, defect.examples) for defect in known_defects(dataset)}
    assert defects == {
        SHARED_SUBSETS: (2, ('own', 'vid00000000')),
        SHARED_SPLITS: (2, ('abcdefghijk', 'vid00000000')),
        LEAK: (1, ('vid00000000',)),
    }


def test_irregular_tokens_are_counted(tmp_path):
    root = write_leaky(tmp_path, 'h orse_off-the-screen_background_background_dog')
    (defect,) = (d for d in known_defects(AVSSDataset(root, 'train')) if d.name == TOKENS)
    assert defect.count == 4 * len(LEAKY)
    assert f"'background': {2 * len(LEAKY)}" in defect.message
    assert str(root / 'metadata.csv') in defect.message


def test_leaked_clips_of_the_training_part(tmp_path):
    root = write_leaky(tmp_path)
    want = [('vid00000000_0_5000', 'vid00000000'), ('abcdefghijk', 'abcdefghijk')]
    assert leaked_clips(AVSSDataset(root, 'train')) == want
    assert leaked_clips(AVSSDataset(root, 'train', strict_split=True)) == []
    assert leaked_clips(AVSSDataset(root, 'test')) == []


@pytest.mark.parametrize(
    ('make', 'kind', 'table', 'row', 'clip'),
    [
        (make_s4, AVSBenchS4Dataset, 's4_meta_data.csv', 'heli_train0,0,helicopter,val', 'helicopter/heli_train0'),
        (make_ms3, AVSBenchMS3Dataset, 'ms3_meta_data.csv', 'train-clip0,val', 'train-clip0'),
    ],
)
def test_clips_in_several_splits_are_named(tmp_path, make, kind, table, row, clip):
    root = make(tmp_path, splits=('train',), clips=1)
    dataset = kind(root, 'train')
    assert known_defects(dataset) == leaked_clips(dataset) == []
    with open(root / table, 'a') as file:
        file.write(row + '\n')
    (defect,) = known_defects(kind(root, 'train'))
    assert (defect.name, defect.count, defect.examples) == (CLIP_SPLITS, 1, (clip,))
    assert str(root / table) in defect.message


def test_a_few_unmatched_colours_are_a_known_defect_and_a_wrong_palette_is_not(tmp_path):
    root = make_avss(tmp_path, voc_palette(71), splits=('val',))
    path = root / 'v2/v2val0_0_10000/labels_rgb/4.png'
    colours = np.asarray(Image.open(path)).copy()
    colours[2, 3] = (9, 9, 9)
    Image.fromarray(colours).save(path)
    steps = [
        dict(type='LoadClipFrames'),
        dict(type='LoadClipMasks', max_unmatched=0.02),
        dict(type='LoadAudio'),
        dict(type='VGGishLogMel'),
        dict(type='PackAVSInputs'),
    ]
    (problem,) = check_dataset(AVSSDataset(root, 'val', steps))
    assert (problem.known, problem.path) == (COLOURS, str(path))
    steps[1].pop('max_unmatched')
    (problem,) = check_dataset(AVSSDataset(root, 'val', steps))
    assert (problem.known, problem.path) == ('', str(path))
    steps[1]['max_unmatched'] = 0.02
    colours[5:] = (9, 9, 9)
    Image.fromarray(colours).save(path)
    (problem,) = check_dataset(AVSSDataset(root, 'val', steps))
    assert (problem.known, problem.path) == ('', str(path))
    assert 'max_unmatched=0.02 allows' in problem.message
