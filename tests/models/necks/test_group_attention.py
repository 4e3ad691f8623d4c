import math

import pytest
import torch

from mmavs.models.necks.group_attention import CosineResponse, DotResponse, group_mean, group_softmax, group_sum

M, HEADS, N, DIM, P = 3, 2, 20, 4, 5


@pytest.fixture
def grouped():
    torch.manual_seed(0)
    labels = torch.randint(0, P - 1, (M, N))  # the last group stays empty
    return torch.randn(M, HEADS, N) * 20, torch.randn(M, HEADS, N, DIM), labels


def test_softmax_and_sum_equal_a_loop_over_groups(grouped):
    scores, values, labels = grouped
    weights = group_softmax(scores, labels, P)
    pooled = group_sum(weights, values, labels, P)
    for m in range(M):
        for h in range(HEADS):
            for g in range(P):
                inside = labels[m] == g
                if not inside.any():
                    assert pooled[m, h, g].abs().max() == 0
                    continue
                expected = scores[m, h, inside].softmax(0)
                torch.testing.assert_close(weights[m, h, inside], expected)
                torch.testing.assert_close(pooled[m, h, g], expected @ values[m, h, inside])


def test_a_group_far_below_the_others_keeps_its_weights():
    scores = torch.tensor([[[0.0, 500.0, -500.0, -499.0]]])
    weights = group_softmax(scores, torch.tensor([[0, 0, 1, 1]]), 2)
    torch.testing.assert_close(weights[0, 0, 2:], torch.tensor([0.0, 1.0]).softmax(0))
    assert torch.isfinite(weights).all()


def test_mean_equals_a_loop(grouped):
    _, values, labels = grouped
    mean = group_mean(values[:, 0], labels, P)
    for m in range(M):
        for g in labels[m].unique():
            torch.testing.assert_close(mean[m, g], values[m, 0, labels[m] == g].mean(0))
    assert mean[:, P - 1].abs().max() == 0


def test_softmax_has_the_gradient_of_the_plain_one():
    scores = torch.randn(1, 1, N, dtype=torch.float32, requires_grad=True)
    labels = torch.zeros(1, N, dtype=torch.long)
    target = torch.randn(N)
    (grad,) = torch.autograd.grad((group_softmax(scores, labels, 1)[0, 0] * target).sum(), scores)
    (expected,) = torch.autograd.grad((scores.softmax(-1)[0, 0] * target).sum(), scores)
    torch.testing.assert_close(grad, expected)


def test_responses():
    query, key = torch.randn(M, HEADS, 1, DIM), torch.randn(M, HEADS, N, DIM)
    dot = (query * key).sum(-1)
    torch.testing.assert_close(DotResponse()(query, key), dot / math.sqrt(DIM))
    cosine = dot / query.norm(dim=-1) / key.norm(dim=-1)
    torch.testing.assert_close(CosineResponse(8, -2)(query, key), 8 * cosine - 2)
