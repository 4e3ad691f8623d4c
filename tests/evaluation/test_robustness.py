import pytest
from mmengine import Config

from mmavs.evaluation.conditions import condition_dataloader_cfg
from mmavs.evaluation.functional import g_mean
from mmavs.evaluation.robustness import add_robust_metric, g_rows, robust_conditions, shown_row

STEPS = ('LoadClipFrames', 'LoadAudio', 'VGGishLogMel', 'PackAVSInputs')


def config(conditions, steps=STEPS, **dataset):
    dataset = dict(type='AVSBenchS4Dataset', data_root='data', split='test', **dataset)
    dataset['pipeline'] = [dict(type=step) for step in steps]
    return Config(dict(test_dataloader=dict(batch_size=1, dataset=dataset), conditions=conditions))


def pipeline_of(cfg, name):
    return condition_dataloader_cfg(cfg, name)['dataset']['pipeline']


def test_corrected_negatives_stand_before_the_front_end_and_official_ones_behind_it():
    for construction, place in (('corrected', 2), ('official', 3)):
        cfg = config(
            robust_conditions(['corrected', 'official']), recipes_file='r.json', max_clips=9, audio_from='disjoint'
        )
        assert [step['type'] for step in pipeline_of(cfg, 'matched')] == list(STEPS)
        suffix = '' if construction == 'corrected' else '_official'
        for mode in ('silence', 'noise'):
            step = pipeline_of(cfg, mode + suffix)[place]
            assert step == dict(type='ReplaceAudio', mode=mode, construction=construction)
        step = pipeline_of(cfg, 'offscreen' + suffix)[place]
        # donors come from the whole split, with sounds of their own
        assert step['donors'] == dict(
            dataset=dict(type='AVSBenchS4Dataset', data_root='data', split='test', recipes_file='r.json')
        )


def test_negatives_of_pickled_log_mels_and_of_mixed_sources():
    cfg = config(robust_conditions(), ('LoadClipFrames', 'LoadLogMelPickle', 'PackAVSInputs'), audio='log_mel')
    step = pipeline_of(cfg, 'offscreen')[2]
    assert step['type'] == 'ReplaceAudio'
    assert 'audio' not in step['donors']['dataset']
    cfg = config(robust_conditions(), ('LoadSources', 'MixSources', 'CAVPMel', 'PackAVSInputs'))
    assert pipeline_of(cfg, 'noise')[2]['type'] == 'ReplaceAudio'
    cfg = config(robust_conditions(['official']), ('LoadSources', 'MixSources', 'CAVPMel', 'PackAVSInputs'))
    with pytest.raises(ValueError, match='has no VGGishLogMel or LoadLogMelPickle'):
        pipeline_of(cfg, 'noise_official')


def test_files_of_the_user_take_the_place_of_donors():
    negative = dict(mode='offscreen', offscreen_dir='sounds')
    step = pipeline_of(config(dict(unseen=dict(negative_audio=negative))), 'unseen')[2]
    assert step == dict(negative, type='ReplaceAudio')


RESULTS = {
    name: {'avs/mIoU_original': j, 'avs/F_max_exact': f, 'avs/FPR_area': area}
    for name, j, f, area in (
        ('matched', 0.8, 0.9, 0.2),
        ('silence', 0.1, 0.2, 0.03),
        ('noise', 0.2, 0.3, 0.06),
        ('offscreen', 0.3, 0.4, 0.09),
    )
}


@pytest.mark.parametrize('mean', ['harmonic', 'geometric'])
def test_g_scores_average_the_negatives_first(mean):
    rows = g_rows(config(robust_conditions()), RESULTS, mean)
    assert list(rows) == [f'G_{mean}']
    row = rows[f'G_{mean}']
    assert row['avs/G_mIoU'] == pytest.approx(g_mean(0.8, 0.2, mean))
    assert row['avs/G_F'] == pytest.approx(g_mean(0.9, 0.3, mean))
    assert row['avs/G_FPR'] == pytest.approx(0.06)
    shown = shown_row(row, ['avs/J_frame', 'avs/J_nonempty', 'avs/FPR_area'])
    assert shown == {'avs/J_frame': row['avs/G_mIoU'], 'avs/FPR_area': row['avs/G_FPR']}


def test_each_construction_has_a_row_of_its_own():
    both = {**RESULTS, **{f'{name}_official': RESULTS['matched'] for name in ('silence', 'noise', 'offscreen')}}
    rows = g_rows(config(robust_conditions(['corrected', 'official'])), both)
    assert list(rows) == ['G_harmonic', 'G_harmonic_official']
    assert rows['G_harmonic_official']['avs/G_FPR'] == pytest.approx(0.2)


def test_no_g_scores_where_they_would_not_compare():
    conditions = robust_conditions()
    assert g_rows(config(conditions), {name: RESULTS[name] for name in ('matched', 'silence', 'noise')}) == {}
    assert g_rows(config(conditions), {name: {'avs/J_frame': 0.5} for name in RESULTS}) == {}
    conditions['noise']['dataset'] = dict(max_clips=100)
    assert g_rows(config(conditions), RESULTS) == {}
    assert set(g_rows(config(robust_conditions(max_clips=100)), RESULTS)) == {'G_harmonic'}


def test_without_f_there_is_no_g_f():
    results = {name: {k: v for k, v in row.items() if k != 'avs/F_max_exact'} for name, row in RESULTS.items()}
    assert set(g_rows(config(robust_conditions()), results)['G_harmonic']) == {'avs/G_mIoU', 'avs/G_FPR'}


def test_metric_is_added_once_with_the_decision_rule_of_the_model():
    rule = 'foreground'
    for given in (dict(type='BinaryAVSMetric', score=rule), [dict(type='BinaryAVSMetric', score=rule)]):
        cfg = Config(dict(test_evaluator=given))
        add_robust_metric(cfg)
        add_robust_metric(cfg)
        assert [metric.type for metric in cfg.test_evaluator] == ['BinaryAVSMetric', 'RobustAVSMetric']
        assert cfg.test_evaluator[1].score == rule
