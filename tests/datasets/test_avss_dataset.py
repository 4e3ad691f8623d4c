import json
import wave

import numpy as np
import pytest
import torch
from layouts import make_avss, write_log_mel
from PIL import Image

from mmavs.audio import vggish_log_mel
from mmavs.datasets import AVSS_CLASSES, AVSSDataset, voc_palette
from mmavs.datasets.avss_dataset import split_names

PALETTE = voc_palette(71)


def pipeline(mode='palette', **kwargs):
    return [
        dict(type='LoadClipFrames'),
        dict(type='LoadClipMasks', mode=mode, **kwargs),
        dict(type='LoadAudio'),
        dict(type='VGGishLogMel'),
        dict(type='PackAVSInputs'),
    ]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_avss(tmp_path_factory.mktemp('avss'), PALETTE)


def plain_labels(path):
    """Published rule: one-hot by colour equality, argmax, so an unknown colour becomes 0."""
    image = np.asarray(Image.open(path).convert('RGB'))
    return np.stack([(image == colour).all(-1) for colour in PALETTE]).argmax(0)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_items_equal_a_plain_reader(root, split):
    dataset = AVSSDataset(root, split, pipeline())
    assert len(dataset) == 6
    lengths = []
    for item in (dataset[i] for i in range(6)):
        sample = item['data_samples']
        folder = root / sample.subset / sample.clip_id
        num_frames = 10 if sample.subset == 'v2' else 5
        lengths.append(len(sample.frame_valid))
        frames = [np.asarray(Image.open(folder / 'frames' / f'{i}.jpg')) for i in range(num_frames)]
        np.testing.assert_array_equal(item['inputs']['frames'].permute(0, 2, 3, 1), frames)
        for i in range(num_frames):
            if sample.subset == 'v1s' and split == 'train' and i:
                assert sample.gt_masks[i].abs().max() == 0
            else:
                np.testing.assert_array_equal(sample.gt_masks[i], plain_labels(folder / 'labels_rgb' / f'{i}.png'))
        only_first = [True] + [False] * (num_frames - 1)
        every = [True] * num_frames
        assert sample.frame_annotated.tolist() == (only_first if sample.subset == 'v1s' else every)
        assert sample.frame_labelled.tolist() == (only_first if sample.subset == 'v1s' and split == 'train' else every)
        with wave.open(str(folder / 'audio.wav')) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), '<i2').reshape(-1, file.getnchannels())
        log_mel = vggish_log_mel(samples.T / 32768, 16000)
        assert item['inputs']['audio'].shape == (num_frames, 1, 96, 64)
        torch.testing.assert_close(item['inputs']['audio'], log_mel[:num_frames])
    assert lengths == [5, 5, 5, 5, 10, 10]


def test_semantic_labels_equal_the_colours(root):
    colours, numbers = (AVSSDataset(root, 'test', pipeline(mode)) for mode in ('palette', 'index'))
    for i in range(6):
        a, b = colours[i]['data_samples'], numbers[i]['data_samples']
        assert torch.equal(a.gt_masks, b.gt_masks)
        assert a.gt_masks.max() > 1
        assert 'labels_rgb' in a.mask_paths[0]
        assert 'labels_semantic' in b.mask_paths[0]


def test_subsets_apart(root):
    assert len(AVSSDataset(root, 'train', subsets=('v2',))) == 2
    assert {AVSSDataset(root, 'train', subsets=['v1m'])[i]['subset'] for i in range(2)} == {'v1m'}
    for subsets in (('v3',), (), 'v2'):
        with pytest.raises(ValueError, match='subsets must be'):
            AVSSDataset(root, 'train', subsets=subsets)


def test_tags_are_the_names_of_the_csv(tmp_path):
    root = make_avss(tmp_path, PALETTE, a_obj=('h orse_off-the-screen', 'background'), splits=('val',))
    dataset = AVSSDataset(root, 'val', pipeline(), subsets=('v2',))
    sample = dataset[0]['data_samples']
    assert sample.tag_classes == AVSS_CLASSES
    assert sample.tags.nonzero()[:, 1].tolist() == [AVSS_CLASSES.index('horse')] * 10
    assert dataset[1]['data_samples'].tags.sum() == 0


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('man_emergency-car', ['man', 'emergency-car']),
        ('sea_lion_man', ['sea_lion', 'man']),
        ('man_sea_lion', ['man', 'sea_lion']),
        ('sea_unicorn', ['sea', 'unicorn']),
        ('h orse_man', ['horse', 'man']),
    ],
)
def test_names_with_an_underscore_of_their_own(text, names):
    assert split_names(text, {'man', 'emergency-car', 'sea_lion', 'sea', 'horse'}) == names


def test_an_unknown_class_name_is_an_error_with_the_line(tmp_path):
    root = make_avss(tmp_path, PALETTE, a_obj=('dog', 'unicorn'), splits=('val',))
    with pytest.raises(ValueError, match=r"metadata\.csv', line 3: unknown class 'unicorn'"):
        AVSSDataset(root, 'val')


def test_class_file_of_the_data_root_counts_from_one(tmp_path):
    classes = ('background', 'owl', 'bee')
    root = make_avss(tmp_path, voc_palette(3), a_obj=('owl', 'bee_owl'), splits=('val',), classes=classes)
    dataset = AVSSDataset(root, 'val', pipeline())
    assert dataset.metainfo['classes'] == dataset[0]['data_samples'].classes == classes
    assert dataset[1]['data_samples'].tags[0].tolist() == [0, 1, 1]
    (root / 'label2idx.json').write_text(json.dumps({name: i for i, name in enumerate(classes)}))
    with pytest.raises(ValueError, match=r'label2idx\.json.*without a gap, with background 1'):
        AVSSDataset(root, 'val')
    (root / 'label2idx.json').write_text('[')
    with pytest.raises(ValueError, match='not valid JSON'):
        AVSSDataset(root, 'val')
    with pytest.raises(FileNotFoundError, match=r'other\.json'):
        AVSSDataset(root, 'val', classes_file='other.json')


def test_csv_is_read_by_name(tmp_path):
    root = make_avss(tmp_path, PALETTE, splits=('val',))
    path = root / 'metadata.csv'
    rows = [line.split(',') for line in path.read_text().splitlines()]
    path.write_text('\n'.join(','.join(reversed(row)) for row in rows))
    assert len(AVSSDataset(root, 'val')) == 6
    path.write_text('vid,uid,split\nx,y,val\n')
    with pytest.raises(ValueError, match=r"lacks the columns \['a_obj', 'label'\]"):
        AVSSDataset(root, 'val')
    path.write_text('uid,a_obj,split,label\ny,dog,val,v9\n')
    with pytest.raises(ValueError, match=r"label must be one of .* got 'v9'"):
        AVSSDataset(root, 'val')
    path.write_text('uid,a_obj,split,label\n../y,dog,val,v2\n')
    with pytest.raises(ValueError, match='not a valid clip id'):
        AVSSDataset(root, 'val')


def test_pickle_padded_to_ten_examples_serves_five_frames(tmp_path):
    root = make_avss(tmp_path, PALETTE, splits=('val',))
    want = write_log_mel(root / 'v1m/v1mval0_0_5000/audio.pkl', num=10)
    steps = [dict(type='LoadLogMelPickle'), dict(type='PackAVSInputs')]
    dataset = AVSSDataset(root, 'val', steps, subsets=('v1m',), audio='log_mel')
    assert torch.equal(dataset[0]['inputs']['audio'], want[:5].detach())


LEAKY = [
    ('vid00000000_0_5000', 'train', 'v1s'),
    ('vid00000000_3000_13000', 'test', 'v2'),
    ('abcdefghijk', 'train', 'v1m'),
    ('abcdefghijk_2', 'val', 'v1m'),
    ('own_10_5010', 'train', 'v1s'),
    ('own_0_10000', 'train', 'v2'),
    ('abcdefghi_2', 'train', 'v1m'),
    ('abcdefghi_3', 'test', 'v1m'),
]


def write_leaky(root, names='dog'):
    root.mkdir(exist_ok=True)
    rows = [f'{uid},{names},{split},{label}' for uid, split, label in LEAKY]
    (root / 'metadata.csv').write_text('\n'.join(['uid,a_obj,split,label', *rows]))
    return root


def test_strict_split_leaves_out_training_clips_whose_video_is_in_val_or_test(tmp_path):
    root = write_leaky(tmp_path)

    def ids(split, **kwargs):
        dataset = AVSSDataset(root, split, **kwargs)
        return [dataset.get_data_info(i)['clip_id'] for i in range(len(dataset))]

    assert ids('train') == [uid for uid, split, _ in LEAKY if split == 'train']
    # a video id of eleven characters may end in a number of its own
    assert ids('train', strict_split=True) == ['own_10_5010', 'own_0_10000', 'abcdefghi_2']
    assert ids('train', strict_split=True, subsets=('v1s',)) == ['own_10_5010']
    for split in ('val', 'test'):
        assert ids(split, strict_split=True) == ids(split)
