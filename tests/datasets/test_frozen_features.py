import copy
import pickle

import layouts
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from torch.utils.data import DataLoader

import mmavs.models  # noqa: F401
from mmavs.datasets import frozen_features
from mmavs.engine import AVSRunner
from mmavs.registry import DATASETS, MODELS

PIPELINE = [
    dict(type='LoadClipFrames'),
    dict(type='LoadClipMasks'),
    dict(type='LoadAudio'),
    dict(type='VGGishLogMel', short_audio='repeat_last'),
    dict(type='ResizeClip', size=(64, 64)),
    dict(type='PackAVSInputs'),
]
NECK = dict(type='TPAVINeck', in_channels=(24, 40, 112, 320), channels=8, norm_inputs=True)
HEAD = dict(type='TPAVIHead', channels=8, num_classes=1, smooth_channels=8)


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    """Configs of two small frozen networks whose weights lie in files."""
    folder = tmp_path_factory.mktemp('weights')
    configs = dict(
        backbone=dict(type='EfficientNetLiteStages', frozen=True),
        audio_backbone=dict(type='AudioCNN', channels=(4, 4), out_channels=128, frozen=True),
    )
    torch.manual_seed(0)
    for name, cfg in configs.items():
        part = MODELS.build(cfg)
        state = (part.body if name == 'backbone' else part).state_dict()
        torch.save(state, folder / f'{name}.pth')
        cfg['pretrained'] = str(folder / f'{name}.pth')
    return configs


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    five = layouts.make_ms3(root)
    return dict(
        type='AVSBenchMS3Dataset', data_root=str(five), split='train', pipeline=PIPELINE, recipes_file='recipes.json'
    )


@pytest.fixture
def count(monkeypatch):
    """How many caches are made."""
    made = []
    make = frozen_features.FrozenFeatureDataset._make
    monkeypatch.setattr(
        frozen_features.FrozenFeatureDataset, '_make', lambda self, *args: (made.append(1), make(self, *args))[1]
    )
    return made


def cached(dataset, parts, cache_dir, **options):
    return dict(type='FrozenFeatureDataset', dataset=dataset, model=parts, cache_dir=str(cache_dir), **options)


def opened(cfg):
    dataset = DATASETS.build(copy.deepcopy(cfg))
    dataset.full_init()
    return dataset


def test_model_gives_the_same_from_features_as_from_frames(tmp_path, clips, parts):
    features, frames = opened(cached(clips, parts, tmp_path)), opened(clips)
    torch.manual_seed(1)
    model = MODELS.build(dict(type='AVSegmentor', **parts, neck=NECK, decode_head=HEAD))
    model.init_weights()
    model.eval()
    outputs = []
    with torch.no_grad():
        for dataset in (features, frames):
            data = model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]))
            outputs.append(model(data['inputs'], mode='tensor'))
            samples = data['data_samples']
            assert samples[0].gt_masks.dtype == torch.long
    assert outputs[0].shape == outputs[1].shape == (2, 5, 1, 64, 64)
    error = (outputs[0] - outputs[1]).norm() / outputs[1].norm()
    assert error < 5e-3  # maps are rounded to 11 bits
    assert error > 0


def test_annotations_and_metainfo_are_those_of_the_wrapped_data_set(tmp_path, clips, parts):
    features, frames = opened(cached(clips, parts, tmp_path)), opened(clips)
    assert len(features) == len(frames) == 3
    assert features.metainfo == frames.metainfo
    for index in range(3):
        got, want = features[index]['data_samples'], frames[index]['data_samples']
        assert set(got.keys()) == set(want.keys()) >= {'gt_masks', 'frame_valid', 'frame_annotated', 'tags'}
        for name, value in want.items():
            assert getattr(got, name).dtype == value.dtype
            assert torch.equal(getattr(got, name), value)
        assert dict(got.metainfo_items()) == dict(want.metainfo_items())
        assert features.get_data_info(index)['clip_id'] == want.clip_id


def test_second_construction_reads_and_changes_compute_anew(tmp_path, clips, parts, count):
    cfg = cached(clips, parts, tmp_path)
    first = opened(cfg)
    assert torch.equal(first[1]['inputs']['audio_features'], opened(cfg)[1]['inputs']['audio_features'])
    assert len(count) == 1
    weights = torch.load(parts['audio_backbone']['pretrained'], weights_only=True)
    weights['embedding.0.weight'] += 0.1
    torch.save(weights, tmp_path / 'other.pth')
    audio = dict(parts['audio_backbone'], pretrained=str(tmp_path / 'other.pth'))
    other = opened(cached(clips, dict(parts, audio_backbone=audio), tmp_path))
    assert len(count) == 2
    assert not torch.equal(first[1]['inputs']['audio_features'], other[1]['inputs']['audio_features'])
    opened(cached(dict(clips, audio_from='disjoint'), parts, tmp_path))
    opened(cached(clips, parts, tmp_path, views=2))
    assert len(count) == 4


def test_changed_weights_in_the_same_file_compute_anew(tmp_path, clips, parts, count):
    path = tmp_path / 'audio.pth'
    weights = torch.load(parts['audio_backbone']['pretrained'], weights_only=True)
    cfg = cached(clips, dict(parts, audio_backbone=dict(parts['audio_backbone'], pretrained=str(path))), tmp_path)
    for scale in (1.0, 1.5):
        torch.save({k: v * scale if k == 'embedding.0.weight' else v for k, v in weights.items()}, path)
        opened(cfg)
    assert len(count) == 2


def test_changed_pictures_compute_anew(tmp_path, parts, count):
    root = layouts.make_ms3(tmp_path, splits=('train',), clips=1)
    cfg = cached(
        dict(type='AVSBenchMS3Dataset', data_root=str(root), split='train', pipeline=PIPELINE), parts, tmp_path
    )
    opened(cfg)
    path = sorted(root.rglob('*.mp4_1.png'))[0]
    layouts.save(path, layouts.picture(77))
    opened(cfg)
    assert len(count) == 2


def test_a_batch_of_different_lengths_gives_each_clip_its_own(tmp_path, clips, parts):
    one = dict(clips, pipeline=[dict(type='SampleFrames', indices=(0, 2)), *PIPELINE])
    both = opened(cached(dict(type='ConcatDataset', datasets=[one, clips]), parts, tmp_path))
    alone = opened(cached(one, parts, tmp_path))
    assert [len(both[i]['data_samples'].frame_valid) for i in range(6)] == [2, 2, 2, 5, 5, 5]
    for name in ('audio_features', 'visual_features'):
        for got, want in zip(both[1]['inputs'][name], alone[1]['inputs'][name], strict=True):
            torch.testing.assert_close(got, want, rtol=2e-3, atol=2e-3)


def test_views_are_draws_of_the_pipeline_and_one_is_chosen_per_access(tmp_path, clips, parts):
    flip = [*PIPELINE[:5], dict(type='RandomFlipClip', prob=0.5), PIPELINE[5]]
    dataset = opened(cached(dict(clips, pipeline=flip), parts, tmp_path, views=6))
    assert len(dataset) == 3
    np.random.seed(0)
    views = {dataset[0]['data_samples'].gt_masks.numpy().tobytes() for _ in range(30)}
    assert len(views) == 2  # as drawn, and flipped
    np.random.seed(5)
    first = [dataset[i]['inputs']['visual_features'][0] for i in range(3)]
    np.random.seed(5)
    assert all(torch.equal(dataset[i]['inputs']['visual_features'][0], x) for i, x in enumerate(first))


def test_making_a_cache_does_not_touch_the_global_generators(tmp_path, clips, parts):
    jitter = [*PIPELINE[:5], dict(type='ClipPhotoMetric', brightness=0.3), PIPELINE[5]]
    draws = []
    for _ in range(2):  # made, then read
        np.random.seed(3), torch.manual_seed(3)
        opened(cached(dict(clips, pipeline=jitter), parts, tmp_path))
        draws.append((np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]


def test_works_in_wrappers_workers_and_the_exact_stream(tmp_path, clips, parts):
    inner = cached(clips, parts, tmp_path, views=2)
    dataset = dict(
        type='ConcatDataset', datasets=[dict(type='RepeatDataset', times=2, dataset=inner), dict(inner, views=1)]
    )
    opened(dataset)  # makes both caches, in this process
    sampler = dict(type='InfiniteSampler', shuffle=True)
    streams = []
    for num_workers in (0, 2):
        cfg = dict(dataset=dataset, sampler=sampler, batch_size=3, num_workers=num_workers)
        loader = AVSRunner.build_dataloader(cfg, seed=4)
        batches = [batch for _, batch in zip(range(4), loader, strict=False)]
        streams.append([x for batch in batches for x in batch['inputs']['visual_features'][0]])
    assert len(streams[0]) == 12
    assert all(torch.equal(a, b) for a, b in zip(*streams, strict=True))
    loader = Runner.build_dataloader(
        dict(dataset=inner, sampler=dict(type='DefaultSampler', shuffle=False), batch_size=1, num_workers=0)
    )
    assert isinstance(loader, DataLoader)
    assert len(list(loader)) == 3


def test_pickle_is_small_and_serves(tmp_path, clips, parts):
    dataset = opened(cached(clips, parts, tmp_path))
    data = pickle.dumps(dataset)
    assert len(data) < 20_000
    assert torch.equal(pickle.loads(data)[2]['inputs']['audio_features'], dataset[2]['inputs']['audio_features'])


def test_a_failed_computation_leaves_nothing_behind(tmp_path, clips, parts, monkeypatch):
    cfg = cached(clips, parts, tmp_path)
    monkeypatch.setattr(frozen_features, 'DISK_MARGIN', 1e12)
    with pytest.raises(OSError, match='choose another cache_dir'):
        opened(cfg)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    monkeypatch.undo()
    assert len(opened(cfg)) == 3


def test_errors_name_what_is_wrong(tmp_path, clips, parts):
    learning = dict(parts, backbone=dict(parts['backbone'], frozen=False))
    with pytest.raises(ValueError, match='backbone EfficientNetLiteStages is not frozen'):
        opened(cached(clips, learning, tmp_path))
    random = dict(parts, backbone=dict(parts['backbone'], pretrained=None))
    with pytest.raises(ValueError, match='drawn at random'):
        opened(cached(clips, random, tmp_path))
    with pytest.raises(TypeError, match='dataset must be a config'):
        frozen_features.FrozenFeatureDataset([1], parts, tmp_path)
    with pytest.raises(ValueError, match='views must be positive'):
        frozen_features.FrozenFeatureDataset(clips, parts, tmp_path, views=0)
    mute = dict(clips, pipeline=[PIPELINE[0], PIPELINE[1], PIPELINE[4], PIPELINE[5]])
    with pytest.raises(ValueError, match=r"clip 'train-clip0' has no inputs \['audio'\]"):
        opened(cached(mute, parts, tmp_path))
    with pytest.raises(IndexError):
        opened(cached(clips, parts, tmp_path))[3]
