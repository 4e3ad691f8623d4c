import pytest
import torch

from mmavs.evaluation.metrics import TaggingMetric


def sample(tags, scores, clip_id='clip'):
    return dict(clip_id=clip_id, tags=torch.tensor(tags).float(), pred_tags=torch.tensor(scores).float())


def evaluate(samples, batch_size):
    metric = TaggingMetric()
    for start in range(0, len(samples), batch_size):
        metric.process({}, samples[start : start + batch_size])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('batch_size', [1, 2])
def test_one_tag_seconds_count_the_best_score_and_two_tag_seconds_both(batch_size):
    first = sample([[1, 0, 0], [0, 1, 0], [0, 0, 0]], [[0.9, 0.1, 0.2], [0.9, 0.1, 0.2], [0.3, 0.2, 0.1]])
    second = sample([[1, 1, 0], [0, 1, 1], [1, 1, 1]], [[0.8, 0.9, 0.1], [0.9, 0.8, 0.1], [0.9, 0.8, 0.1]])
    want = {'avs/tag_top1': 0.5, 'avs/tag_pair': 0.5, 'avs/num_single': 2, 'avs/num_pairs': 2}
    assert evaluate([first, second], batch_size) == want


def test_figures_equal_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    samples, one, two = [], [], []
    for _ in range(20):
        tags = (torch.rand(5, 6, generator=generator) < 0.25).float()
        scores = torch.rand(5, 6, generator=generator)
        samples.append(dict(tags=tags, pred_tags=scores))
        for truth, score in zip(tags.tolist(), scores.tolist(), strict=True):
            order = sorted(range(6), key=lambda i, score=score: -score[i])
            if sum(truth) == 1:
                one.append(truth[order[0]])
            elif sum(truth) == 2:
                two.append(truth[order[0]] * truth[order[1]])
    got = evaluate(samples, 7)
    assert got['avs/tag_top1'] == pytest.approx(sum(one) / len(one))
    assert got['avs/tag_pair'] == pytest.approx(sum(two) / len(two))
    assert (got['avs/num_single'], got['avs/num_pairs']) == (len(one), len(two))


def test_scores_of_another_shape_name_the_clip():
    broken = sample([[1, 0]], [[0.9, 0.1], [0.5, 0.5]], clip_id='dog')
    with pytest.raises(ValueError, match=r"clip 'dog': pred_tags are \(2, 2\), tags are \(1, 2\)"):
        evaluate([broken], 1)
