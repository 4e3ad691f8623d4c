import pytest
import torch
from clips import evaluate, make_clip

from mmavs.evaluation.functional import SemanticSums, semantic_frame_sums
from mmavs.evaluation.metrics import SemanticAVSMetric

METRIC = dict(type='SemanticAVSMetric')


def clip_of(index, logits, target):
    flags = torch.ones(len(logits), dtype=torch.bool)
    return make_clip(
        index, logits.shape[1], pred_logits=logits, gt_masks=target, frame_valid=flags, frame_labelled=flags
    )


def test_whole_set_equals_the_published_code(golden):
    clips = [clip_of(index, *golden.semantic(name)) for index, name in enumerate(('random', 'blobs'))]
    expected = golden.expected['semantic_accumulated_over_all_71_class_sets']
    got = evaluate([METRIC], clips)
    for suffix in ('', '_valid'):  # clips of ten frames: nothing is padded
        assert got[f'avs/mJ_class{suffix}'] == pytest.approx(expected['final_miou'], abs=1e-6)
        assert got[f'avs/mF_class{suffix}'] == pytest.approx(expected['final_fscore'], abs=1e-6)
    assert got['avs/classes_seen'] == expected['classes_seen']


@pytest.mark.parametrize('name', ['random', 'blobs'])
def test_no_background_variants(golden, name):
    logits, target = golden.semantic(name)
    expected = golden.expected['semantic'][name]
    got = evaluate([METRIC], [clip_of(0, logits, target)])
    assert got['avs/mJ_class_nobg_official'] == pytest.approx(expected['final_miou_noBg_official'], abs=1e-6)
    assert got['avs/mF_class_nobg_official'] == pytest.approx(expected['final_fscore_noBg_official'], abs=1e-6)
    correct = semantic_frame_sums(logits, target, 71).mean_scores(slice(1, None))
    assert (got['avs/mJ_class_nobg'], got['avs/mF_class_nobg']) == pytest.approx(correct, abs=1e-12)
    assert got['avs/J_foreground'] == pytest.approx(expected['calc_binary_miou_cavp'], abs=1e-6)


def test_padded_frames_count_as_background_in_the_published_numbers_only(golden):
    logits, target = golden.semantic('blobs')
    short = clip_of(0, logits[:5], target[:5])
    padded = clip_of(0, torch.cat([logits[:5], torch.zeros_like(logits[5:])]), torch.cat([target[:5], 0 * target[5:]]))
    got, want = evaluate([METRIC], [short]), evaluate([METRIC], [padded])
    assert got['avs/mJ_class'] == pytest.approx(want['avs/mJ_class_valid'], abs=1e-12)
    assert got['avs/mF_class_nobg_official'] == pytest.approx(want['avs/mF_class_nobg_official'], abs=1e-12)
    assert got['avs/mJ_class'] > got['avs/mJ_class_valid']
    unpadded = evaluate([dict(METRIC, pad_frames=0)], [short])
    assert unpadded['avs/mJ_class'] == unpadded['avs/mJ_class_valid'] == got['avs/mJ_class_valid']


def test_frames_flagged_invalid_are_the_padding(golden):
    logits, target = golden.semantic('blobs')
    flagged = clip_of(0, logits, target)
    flagged.frame_valid[5:] = False
    assert evaluate([METRIC], [flagged]) == evaluate([METRIC], [clip_of(0, logits[:5], target[:5])])


def test_one_logit_and_negative_padding_are_refused():
    with pytest.raises(ValueError, match="clip 'clip1': class metrics need one logit per class"):
        evaluate([METRIC], [make_clip(1, 1)])
    with pytest.raises(ValueError, match='pad_frames must not be negative'):
        SemanticAVSMetric(pad_frames=-1)


def test_label_outside_the_classes_names_the_clip():
    with pytest.raises(ValueError, match=r"clip 'clip1': the target holds labels outside 0\.\.3"):
        evaluate([METRIC], [make_clip(1, 4, gt_masks=torch.full((5, 12, 16), 4))])


def test_sums_keep_their_type():
    sums = semantic_frame_sums(torch.zeros(1, 2, 2).long(), torch.zeros(1, 2, 2).long(), 2)
    assert isinstance(sums, SemanticSums)
    assert {value.dtype for value in (sums.iou, sums.f, sums.count)} == {torch.float64}
