import time
import wave

import numpy as np
import pytest
import torch
from layouts import make_ms3, make_s4, write_csv, write_log_mel
from mmengine.dataset import pseudo_collate
from PIL import Image
from torch.utils.data import DataLoader

from mmavs.audio import vggish_log_mel
from mmavs.datasets import S4_CATEGORIES, AVSBenchMS3Dataset, AVSBenchS4Dataset
from mmavs.registry import DATASETS


def pipeline(mode, audio=('LoadAudio', 'VGGishLogMel'), first=()):
    return [
        *first,
        dict(type='LoadClipFrames'),
        dict(type='LoadClipMasks', mode=mode),
        *(dict(type=name) for name in audio),
        dict(type='PackAVSInputs'),
    ]


def read_audio(path):
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), '<i2').reshape(-1, file.getnchannels())
        return vggish_log_mel(samples.T / 32768, file.getframerate())


def check_item(item, frames, masks, audio, annotated, labelled):
    np.testing.assert_array_equal(
        item['inputs']['frames'].permute(0, 2, 3, 1), [np.asarray(Image.open(f).convert('RGB')) for f in frames]
    )
    assert item['inputs']['frames'].dtype == torch.uint8
    torch.testing.assert_close(item['inputs']['audio'], read_audio(audio)[: len(frames)])
    sample = item['data_samples']
    assert sample.gt_masks.dtype == torch.long
    for got, path in zip(sample.gt_masks, masks, strict=True):
        want = 0 if path is None else np.asarray(Image.open(path).convert('L')) // 255
        np.testing.assert_array_equal(got, np.broadcast_to(want, got.shape))
    assert sample.frame_valid.tolist() == [True] * len(frames)
    assert sample.frame_annotated.tolist() == annotated
    assert sample.frame_labelled.tolist() == labelled


def test_s4_item_equals_a_plain_reader(tmp_path):
    root = make_s4(tmp_path)
    data = root / 's4_data'
    for split in ('train', 'val', 'test'):
        dataset = AVSBenchS4Dataset(root, split, pipeline('binary'))
        assert len(dataset) == 4
        below = f'{split}/playing_piano/play_{split}1/play_{split}1'
        numbers = range(1, 6)
        exists = [split != 'train' or i == 1 for i in numbers]
        check_item(
            dataset[3],
            [data / f'visual_frames/{below}_{i}.png' for i in numbers],
            [data / f'gt_masks/{below}_{i}.png' if e else None for i, e in zip(numbers, exists, strict=True)],
            data / f'audio_wav/{split}/playing_piano/play_{split}1.wav',
            annotated=exists,
            labelled=exists,
        )


def test_s4_tags_and_metainfo(tmp_path):
    dataset = AVSBenchS4Dataset(make_s4(tmp_path), 'val', pipeline('binary'))
    sample = dataset[0]['data_samples']
    assert sample.tag_classes == S4_CATEGORIES == dataset.metainfo['tag_classes']
    assert sample.tags.argmax(1).tolist() == [S4_CATEGORIES.index('helicopter')] * 5
    assert sample.tags.sum() == 5
    assert sample.classes == ('background', 'sounding')
    assert (sample.clip_id, sample.subset, sample.split, sample.category) == ('heli_val0', 's4', 'val', 'helicopter')
    assert sample.ori_shape == (24, 32)
    other = AVSBenchS4Dataset(make_s4(tmp_path / 'other', ('zebra', 'ape')), 'test', pipeline('binary'))
    assert other[0]['data_samples'].tag_classes == ('ape', 'zebra')


def test_ms3_item_equals_a_plain_reader(tmp_path):
    root = make_ms3(tmp_path)
    data = root / 'ms3_data'
    for split in ('train', 'val', 'test'):
        dataset = AVSBenchMS3Dataset(root, split, pipeline('index'))
        name = f'{split}-clip1'
        check_item(
            dataset[1],
            [data / f'visual_frames/{name}/{name}.mp4_{i}.png' for i in range(1, 6)],
            [data / f'gt_masks/{split}/{name}/{name}_{i}.png' for i in range(1, 6)],
            data / f'audio_wav/{split}/{name}.wav',
            annotated=[True] * 5,
            labelled=[True] * 5,
        )
        assert 'tags' not in dataset[1]['data_samples']


def test_stress_sets_of_one_frame(tmp_path):
    dataset = AVSBenchMS3Dataset(make_ms3(tmp_path, num_frames=1), 'test', pipeline('index'), num_frames=1)
    item = dataset[0]
    assert item['inputs']['frames'].shape[0] == item['inputs']['audio'].shape[0] == 1


def test_pickled_log_mel_instead_of_wav(tmp_path):
    root = make_s4(tmp_path)
    want = write_log_mel(root / 's4_data/audio_log_mel/val/helicopter/heli_val0.pkl', seed=3).detach()
    dataset = AVSBenchS4Dataset(root, 'val', pipeline('binary', ['LoadLogMelPickle']), audio='log_mel')
    got = dataset[0]['inputs']['audio']
    assert torch.equal(got, want)
    assert not got.requires_grad


def test_csv_is_read_by_position(tmp_path):
    root = make_s4(tmp_path)
    rows = (root / 's4_meta_data.csv').read_text().splitlines()
    (root / 's4_meta_data.csv').write_text('\ufeff' + '\n'.join(['a,b,c,d', *rows[1:], '']) + '\n')
    assert len(AVSBenchS4Dataset(root, 'train')) == 4


def test_registered_and_built_by_name(tmp_path):
    root = make_ms3(tmp_path)
    dataset = DATASETS.build(
        dict(type='AVSBenchMS3Dataset', data_root=str(root), split='val', pipeline=pipeline('index'))
    )
    assert dataset[0]['inputs']['frames'].shape == (5, 3, 24, 32)


def test_a_thousand_clips_start_at_once_and_without_their_files(tmp_path):
    rows = [['name', 'start', 'category', 'split']] + [[f'v{i}', '0', 'helicopter', 'train'] for i in range(1000)]
    write_csv(tmp_path / 's4_meta_data.csv', rows)
    start = time.perf_counter()
    dataset = AVSBenchS4Dataset(tmp_path, 'train', pipeline('binary'))
    assert time.perf_counter() - start < 2
    assert len(dataset) == 1000
    with pytest.raises(FileNotFoundError, match=r"clip 'v7' .*v7_1\.png.*check_dataset"):
        dataset[7]


@pytest.mark.parametrize('kind', [AVSBenchS4Dataset, AVSBenchMS3Dataset])
def test_missing_data_says_where_it_comes_from(tmp_path, kind):
    for root in (tmp_path / 'nowhere', tmp_path):
        with pytest.raises(FileNotFoundError, match=r'AVSBench project page.*build_avstamps\.py') as error:
            kind(root, 'train')
        assert str(root) in str(error.value)


@pytest.mark.parametrize('name', ['../evil', '/etc/passwd', '..', '.', '', 'a\\b', 'a/b'])
def test_ids_that_leave_the_data_folder_are_refused(tmp_path, name):
    write_csv(tmp_path / 's4_meta_data.csv', [['name', 's', 'c', 'split'], [name, '0', 'helicopter', 'train']])
    write_csv(tmp_path / 'ms3_meta_data.csv', [['name', 'split'], [name, 'train']])
    for kind in (AVSBenchS4Dataset, AVSBenchMS3Dataset):
        with pytest.raises(ValueError, match='not a valid clip id'):
            kind(tmp_path, 'train')
    write_csv(tmp_path / 's4_meta_data.csv', [['name', 's', 'c', 'split'], ['a', '0', name, 'train']])
    with pytest.raises(ValueError, match='not a valid clip id or folder name'):
        AVSBenchS4Dataset(tmp_path, 'train')


def test_bad_csv_rows_are_named_by_line(tmp_path):
    write_csv(tmp_path / 'ms3_meta_data.csv', [['name', 'split'], ['a', 'train'], ['b', 'tarin']])
    with pytest.raises(ValueError, match=r"ms3_meta_data\.csv', line 3.*'tarin'"):
        AVSBenchMS3Dataset(tmp_path, 'train')
    write_csv(tmp_path / 'ms3_meta_data.csv', [['name', 'split'], ['a']])
    with pytest.raises(ValueError, match='line 2: 1 columns'):
        AVSBenchMS3Dataset(tmp_path, 'train')
    write_csv(tmp_path / 'ms3_meta_data.csv', [['name', 'split'], ['a', 'train']])
    with pytest.raises(ValueError, match="no clip of the split 'val'"):
        AVSBenchMS3Dataset(tmp_path, 'val')


@pytest.mark.parametrize(
    'arguments', [dict(split='dev'), dict(audio='mp3'), dict(audio_from='any'), dict(max_clips=0), dict(num_frames=0)]
)
def test_unknown_options_are_refused(tmp_path, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        AVSBenchMS3Dataset(make_ms3(tmp_path), **{'split': 'val', **arguments})


def test_a_worker_passes_the_named_error_on(tmp_path):
    root = make_ms3(tmp_path)
    path = root / 'ms3_data/audio_wav/train/train-clip1.wav'
    path.write_bytes(path.read_bytes()[:1000])
    dataset = AVSBenchMS3Dataset(root, 'train', pipeline('index'))
    loader = DataLoader(dataset, batch_size=3, num_workers=1, collate_fn=pseudo_collate)
    with pytest.raises(ValueError, match=r"clip 'train-clip1' .*train-clip1\.wav' is truncated"):
        next(iter(loader))
