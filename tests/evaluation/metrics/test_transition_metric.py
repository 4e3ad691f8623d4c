import math

import pytest
import torch
from clips import evaluate, make_clip, make_clips

from mmavs.evaluation.functional import f_curve, iou_of_masks
from mmavs.evaluation.metrics.transition_metric import sounding_changes

METRIC = dict(type='TransitionMetric')


def tagged(index, rows, labelled=None, **fields):
    frames = len(rows)
    flags = torch.ones(frames, dtype=torch.bool)
    labelled = flags if labelled is None else torch.tensor(labelled).bool()
    tags = torch.tensor(rows).float()
    return make_clip(index, frames=frames, tags=tags, frame_valid=flags, frame_labelled=labelled, **fields)


def test_change_is_read_off_the_tags():
    clip = tagged(0, [[1, 0], [1, 0], [1, 1], [0, 1], [0, 1]])
    changed, decided = sounding_changes(clip.to_dict())
    assert changed.tolist() == [False, False, True, True, False]
    assert decided.tolist() == [False, True, True, True, True]


def test_change_is_read_off_the_masks_where_there_are_no_tags():
    masks = torch.zeros(6, 4, 4).long()
    masks[1, 0], masks[2, 3], masks[3, :2] = 5, 5, 5
    masks[3, 3] = 7
    masks[3, 2] = masks[4, 2] = 255  # ignored pixels are no class
    flags = torch.ones(6, dtype=torch.bool)
    sample = dict(gt_masks=masks, frame_valid=flags)
    assert sounding_changes(sample)[0].tolist() == [False, True, False, True, True, False]
    sample['frame_labelled'] = torch.tensor([1, 1, 0, 1, 1, 1]).bool()
    assert sounding_changes(sample)[1].tolist() == [False, True, False, False, True, True]


def test_tags_tell_even_behind_a_frame_without_mask():
    clip = tagged(0, [[1], [0], [0]], labelled=[1, 0, 1])
    assert sounding_changes(clip.to_dict())[1].tolist() == [False, True, True]
    got = evaluate([METRIC], [clip])
    assert (got['avs/num_change'], got['avs/num_steady']) == (0, 1)  # the frame of the change has no mask


def test_scores_equal_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    clips = [tagged(i, torch.randint(0, 2, (5, 2), generator=generator).tolist()) for i in range(6)]
    frames = {True: [], False: []}
    for clip in clips:
        for t in range(1, 5):
            changed = bool((clip.tags[t] != clip.tags[t - 1]).any())
            frames[changed].append((clip.pred_logits[t], clip.gt_masks[t][None]))
    got = evaluate([METRIC], clips, batch_size=4)
    for name, changed in (('change', True), ('steady', False)):
        logits, masks = (torch.cat(part) for part in zip(*frames[changed], strict=True))
        curve, has_object = f_curve(logits.sigmoid(), masks)
        empty = ~has_object & (masks != 255).flatten(1).any(1)
        area = ((logits > 0) & (masks != 255)).flatten(1).sum(1) / (masks != 255).flatten(1).sum(1)
        assert got[f'avs/num_{name}'] == len(masks)
        assert got[f'avs/J_{name}'] == pytest.approx(float(iou_of_masks(logits > 0, masks).mean()))
        assert got[f'avs/F_{name}'] == pytest.approx(float(curve[has_object].mean(0).max()))
        assert got[f'avs/FP_area_{name}'] == pytest.approx(float(area[empty].mean()))


def test_clips_of_one_frame_belong_to_neither_kind():
    got = evaluate([METRIC], [tagged(i, [[1]]) for i in range(2)])
    assert got['avs/num_change'] == got['avs/num_steady'] == 0
    for name in ('change', 'steady'):
        assert all(math.isnan(got[f'avs/{key}_{name}']) for key in ('J', 'F', 'FP_area'))


def test_kinds_share_all_frames_but_the_first():
    clips = make_clips(frames=5)
    for clip in clips:
        clip.frame_labelled[:] = True
    got = evaluate([METRIC], clips)
    assert got['avs/num_change'] + got['avs/num_steady'] == 4 * len(clips)


def test_tags_of_another_length_are_named():
    clip = tagged(0, [[1], [0], [0]])
    sample = dict(clip.to_dict(), tags=torch.zeros(4, 1))
    with pytest.raises(ValueError, match=r"clip 'clip0': tags \(4, 1\) must have one row per frame, .* 3"):
        evaluate([METRIC], [sample])
