import pytest
import torch

from mmavs.evaluation.functional import fpr_area, g_mean, g_scores


def test_area_counts_every_positive_pixel():
    pred = torch.zeros(2, 4, 5, dtype=torch.bool)
    pred[1, :2] = True
    assert fpr_area(pred).tolist() == pytest.approx([0, 0.5])


def test_harmonic_mean_of_a_model_that_ignores_audio():
    # the baseline published for a model with mIoU 86.2 on S4
    assert g_mean(0.862, 0.862) == pytest.approx(0.2379, abs=5e-5)
    assert g_mean(0.862, 0.862, 'geometric') == pytest.approx((0.862 * 0.138) ** 0.5)
    assert g_mean(1.0, 0.0) == g_mean(1.0, 0.0, 'geometric') == 1
    assert g_mean(0.0, 1.0) == 0


def test_bad_scores_and_means_are_refused():
    with pytest.raises(ValueError, match=r'\[0, 1\], got 86.2'):
        g_mean(86.2, 0.1)
    with pytest.raises(ValueError, match="'harmonic' or 'geometric'"):
        g_mean(0.5, 0.5, 'arithmetic')


def test_conditions_are_averaged_before_they_are_combined():
    matched = dict(J_frame=0.8, F_max_exact=0.9)
    negative = [dict(J_frame=j, F_max_exact=f, FPR_area=a) for j, f, a in ((0.1, 0.2, 0.01), (0.3, 0.4, 0.05))]
    got = g_scores(matched, negative)
    assert got['G_mIoU'] == pytest.approx(g_mean(0.8, 0.2))
    assert got['G_F'] == pytest.approx(g_mean(0.9, 0.3))
    assert got['G_FPR'] == pytest.approx(0.03)
    prefixed = [{f'avs/{key}': value for key, value in metrics.items()} for metrics in (matched, *negative)]
    keys = dict(j_key='avs/J_frame', f_key='avs/F_max_exact', fpr_key='avs/FPR_area')
    assert g_scores(prefixed[0], prefixed[1:], **keys) == got


def test_missing_conditions_and_keys_are_named():
    with pytest.raises(ValueError, match='at least one negative'):
        g_scores(dict(J_frame=1, F_max_exact=1), [])
    with pytest.raises(ValueError, match=r"negative condition 0 lack \['FPR_area'\]"):
        g_scores(dict(J_frame=1, F_max_exact=1), [dict(J_frame=0, F_max_exact=0)])
