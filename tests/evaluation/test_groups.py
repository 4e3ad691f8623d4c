import pytest
import torch
from sklearn.metrics import roc_auc_score

from mmavs.evaluation.groups import best_group_iou, border_share, measure_stages
from mmavs.models.contracts import AVSFeatures, AVSOutput
from mmavs.models.necks.ama_block import AMAStage
from mmavs.structures import AVSDataSample


def test_iou_of_the_group_that_fits_best():
    groups = torch.tensor([[0, 0, 1, 1], [0, 1, 2, 2]])
    inside = torch.tensor([[False, True, True, True], [False, False, True, True]])
    assert best_group_iou(groups, inside).tolist() == pytest.approx([2 / 3, 1.0])


def test_border_share_counts_horizontal_neighbours():
    groups = torch.tensor([[[0, 0, 1], [2, 2, 2]]])
    assert border_share(groups).tolist() == [0.25]


class Recorded:
    """A model that returns given stages."""

    def __init__(self, stages):
        self.stages = stages

    def data_preprocessor(self, batch):
        return batch

    def segment(self, inputs):
        features = AVSFeatures((), torch.zeros(1, 2, 1), torch.ones(1, 2).bool(), dict(ama_stages=self.stages))
        return AVSOutput(torch.zeros(1, 2, 1, 8, 8), features)


def batch(masks):
    return dict(inputs={}, data_samples=[AVSDataSample(gt_masks=masks)])


def test_stages_are_compared_with_the_object_and_silent_frames_left_out():
    torch.manual_seed(0)
    masks = torch.zeros(2, 8, 8).long()
    masks[0, :, :4] = 1  # the left half sounds in the first frame, nothing in the second
    scores, groups = torch.randn(2, 4, 4), torch.zeros(2, 4, 4).long()
    groups[:, :, 2:] = 1
    figures = measure_stages(Recorded({1: AMAStage(None, groups, scores, None)}), [batch(masks)])
    inside = torch.zeros(4, 4).bool()
    inside[:, :2] = True
    assert figures[1] == pytest.approx(
        dict(
            response_auroc=roc_auc_score(inside.flatten(), scores[0].flatten()),
            best_iou=1.0,
            border_share=1 / 3,
            num_frames=1,
        )
    )


def test_what_cannot_be_measured_is_named():
    masks = torch.zeros(2, 8, 8).long()
    with pytest.raises(ValueError, match='AMANeck'):
        measure_stages(Recorded(None), [batch(masks)])
    stage = AMAStage(None, torch.zeros(2, 4, 4).long(), torch.zeros(2, 4, 4), None)
    with pytest.raises(ValueError, match='no frame'):
        measure_stages(Recorded({0: stage}), [batch(masks)])
