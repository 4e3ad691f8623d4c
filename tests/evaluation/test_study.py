import pytest

from mmavs.evaluation.study import Study, StudyEntry, read_study, scoring_digest, training_digest

CONFIG = """
model = dict(type='X', width=1)
train_dataloader = dict(batch_size=2)
train_cfg = dict(max_iters=5)
optim_wrapper = dict(lr=0.1)
test_dataloader = dict(dataset=dict(root='a'))
test_evaluator = [dict(type='M')]
conditions = dict(plain=dict(), noise=dict())
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'net.py').write_text(CONFIG)
    return str(tmp_path / 'net.py')


def test_file_gives_entries_with_shared_and_own_options(tmp_path, config):
    (tmp_path / 'study.py').write_text(
        f"""
cfg_options = {{'train_cfg.max_iters': 7}}
study = [
    dict(name='a', config={config!r}),
    dict(name='b', config={config!r}, cfg_options={{'model.width': 4}}, init_from='a', conditions=['noise']),
]
seeds = (0, 3)
reference = 'a'
"""
    )
    study = read_study(tmp_path / 'study.py')
    assert (study.seeds, study.reference) == ((0, 3), 'a')
    a, b = study.entries
    assert (a.load().train_cfg.max_iters, a.load().model.width) == (7, 1)
    assert (b.load().train_cfg.max_iters, b.load().model.width) == (7, 4)
    assert (a.conditions, b.conditions) == (None, ('noise',))
    assert [[entry.name for entry in stage] for stage in study.stages()] == [['a'], ['b']]
    assert (study.reference_of(a), study.reference_of(b)) == (None, 'a')
    other = read_study(tmp_path / 'study.py', seeds=[5], reference='b', cfg_options={'train_cfg.max_iters': 9})
    assert (other.seeds, other.reference, other.entries[0].load().train_cfg.max_iters) == ((5,), 'b', 9)


def test_configs_make_a_study_without_a_file(config):
    study = read_study(None, [config], seeds=(1, 2))
    assert [entry.name for entry in study.entries] == ['net']
    assert study.seeds == (1, 2)
    with pytest.raises(ValueError, match='either a study file or --configs'):
        read_study(None)


def test_wrong_files_are_errors(tmp_path):
    path = tmp_path / 'study.py'
    for text, message in {
        'x = 1': 'has no "study"',
        'study = []\nsede = 1': r"unknown keys \['sede'\]",
        "study = [dict(name='a', confg='b')]": 'name and config are needed',
        'study = []': 'needs entries',
    }.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_study(path)


def entry(name, **options):
    return StudyEntry(name, 'net.py', **options)


@pytest.mark.parametrize(
    ('entries', 'options', 'message'),
    [
        ([entry('a'), entry('a')], {}, 'names differ'),
        ([entry('a/b')], {}, 'folder names'),
        ([entry('a', init_from='b'), entry('b')], {}, "init_from='b' is not an entry before it"),
        ([entry('a')], dict(reference='b'), "reference 'b' is not an entry"),
        ([entry('a', reference='c')], {}, "reference 'c'"),
        ([entry('a')], dict(seeds=(1, 1)), 'seeds that differ'),
    ],
)
def test_studies_that_cannot_work_are_errors(entries, options, message):
    with pytest.raises(ValueError, match=message):
        Study(tuple(entries), **{'seeds': (0,), **options})


def test_stages_follow_the_starting_weights():
    study = Study((entry('a'), entry('b', init_from='a'), entry('c'), entry('d', init_from='b')), (0,))
    assert [[e.name for e in stage] for stage in study.stages()] == [['a', 'c'], ['b'], ['d']]


def test_training_digest_sees_training_and_scoring_digest_sees_the_test(config):
    def both(**options):
        cfg = StudyEntry('a', config, options).load()
        return training_digest(cfg, None), scoring_digest(cfg, ['plain'])

    train, test = both()
    assert both(**{'test_dataloader.dataset.root': 'b'})[0] == train
    assert both(**{'test_dataloader.dataset.root': 'b'})[1] != test
    assert both(**{'optim_wrapper.lr': 0.2}) == (both(**{'optim_wrapper.lr': 0.2})[0], test)
    assert both(**{'optim_wrapper.lr': 0.2})[0] != train
    cfg = StudyEntry('a', config).load()
    assert training_digest(cfg, 'other') != train
    assert scoring_digest(cfg, ['noise']) != test
