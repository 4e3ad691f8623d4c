import json

import numpy as np
import pytest
from layouts import make_avss, make_ms3, make_s4, save
from PIL import Image

from mmavs.datasets import AVSBenchMS3Dataset, AVSBenchS4Dataset, AVSSDataset, voc_palette
from mmavs.datasets.statistics import ClipStatistics, Thresholds, measure, summarise, surroundings_overlap

LIMITS = Thresholds()


def clip(**values):
    defaults = dict(
        clip_id='c', split='val', names=(), areas=(), changes=None, steps=0, similarity=0.0, example=None, related=None
    )
    return ClipStatistics(**{**defaults, **values})


def test_overlap_of_object_and_surroundings():
    frame, mask = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    assert surroundings_overlap(frame, mask, 0.15) == pytest.approx(1)
    frame[mask] = 255
    assert surroundings_overlap(frame, mask, 0.15) == 0
    frame[10:15, 10:20] = 0  # half of the object looks like the ground
    assert surroundings_overlap(frame, mask, 0.15) == pytest.approx(0.5)
    frame[30:, 30:] = 255  # too far away to count
    assert surroundings_overlap(frame, mask, 0.15) == pytest.approx(0.5)
    assert surroundings_overlap(frame, np.zeros_like(mask), 0.15) == 0
    assert surroundings_overlap(frame, np.ones_like(mask), 0.15) == 0


def test_frequent_changes_and_lookalikes_follow_the_thresholds():
    steady, moving = clip(changes=1, steps=4), clip(changes=2, steps=4)
    assert [c.is_changing(LIMITS) for c in (steady, moving, clip())] == [False, True, False]
    assert steady.is_changing(Thresholds(change_rate=0.25))
    assert [clip(similarity=s).has_lookalike(LIMITS) for s in (0.49, 0.5)] == [False, True]
    # classes, where known, decide
    assert clip(similarity=0.1, related=True).has_lookalike(LIMITS)
    assert not clip(similarity=0.9, related=False).has_lookalike(LIMITS)
    for name in ('change_rate', 'similarity', 'ring'):
        with pytest.raises(ValueError, match=f'{name} must be above 0'):
            Thresholds(**{name: 0})


def test_summary_equals_a_count_by_hand():
    clips = [
        clip(names=(('a', 'b'), ('a',), None), areas=(0.1, 0.3), changes=1, steps=1, similarity=0.9),
        clip(names=((), ('b',)), areas=(0.0, 0.2), changes=1, steps=1, similarity=0.1),
        clip(names=(('a',), ('a',)), areas=(0.4, 0.4), changes=0, steps=1),
    ]
    summary = summarise(clips, LIMITS)
    assert summary['class_clips'] == {'a': 2, 'b': 2}
    assert summary['class_seconds'] == {'a': 4, 'b': 2}
    assert summary['cooccurrence'] == {'names': ['a', 'b'], 'seconds': [[4, 1], [1, 2]]}
    assert summary['changes'] == {'0': 1, '1': 2}
    assert summary['labelled_frames'] == 6
    assert summary['empty_frames'] == pytest.approx(1 / 6)
    assert summary['area']['mean'] == pytest.approx(0.28)
    assert summary['area']['quartiles'][1] == pytest.approx(0.3)
    assert sum(summary['area_histogram']) == 5
    shares = summary['challenging']
    assert [shares[k] for k in ('lookalike', 'changing', 'either', 'both')] == pytest.approx(
        [1 / 3, 2 / 3, 2 / 3, 1 / 3]
    )
    json.dumps(summary)
    with pytest.raises(ValueError, match='no clip to sum up'):
        summarise([], LIMITS)


def test_recipes_say_who_sounds(tmp_path):
    root = make_ms3(tmp_path, splits=('val',), clips=2)
    dataset = AVSBenchMS3Dataset(root, 'val', recipes_file='recipes.json')
    first, second = measure(dataset, LIMITS, groups=dict(dog='pet', cat='pet', horn='thing'))
    assert first.names == ((), ('dog',), ('dog',), ('dog',), ('dog',))
    assert second.names[1] == ('cat',)
    assert (first.changes, first.steps, first.related) == (1, 4, True)
    assert first.areas == pytest.approx([56 / 768] * 5)
    assert measure(dataset, LIMITS, groups=dict(dog='a', cat='b', horn='c'))[0].related is False
    assert measure(dataset, LIMITS, groups=dict(dog='pet'))[0].related is None


def test_masks_say_it_where_there_are_no_recipes(tmp_path):
    root = make_ms3(tmp_path, splits=('val',), clips=1)
    save(root / 'ms3_data/gt_masks/val/val-clip0/val-clip0_3.png', np.zeros((24, 32), np.uint8))
    (one,) = measure(AVSBenchMS3Dataset(root, 'val'), LIMITS)
    assert one.names == (('sounding',), ('sounding',), (), ('sounding',), ('sounding',))
    assert (one.changes, one.areas[2]) == (2, 0)
    s4 = AVSBenchS4Dataset(make_s4(tmp_path, splits=('train',), clips=1), 'train')
    (_, piano) = measure(s4, LIMITS)
    assert piano.names == (('playing_piano',), None, None, None, None)
    assert (piano.changes, piano.steps, len(piano.areas)) == (None, 0, 1)


def test_semantic_masks_give_the_classes(tmp_path):
    dataset = AVSSDataset(make_avss(tmp_path, voc_palette(71), splits=('val',)), 'val', subsets=('v2',))
    for index, one in enumerate(measure(dataset, LIMITS)):
        masks = dataset.get_data_info(index)['index_mask_paths']
        want = [{dataset.metainfo['classes'][i] for i in np.unique(Image.open(path)) if i} for path in masks]
        assert [set(names) for names in one.names] == want
    assert len(measure(dataset, LIMITS, max_clips=1)) == 1
