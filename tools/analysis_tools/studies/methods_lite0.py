"""The four methods side by side: one backbone, data, schedule and seed; only the fusion differs."""

study = [
    dict(name=f'{name}-objects', config=f'benchmark/{config}_lite0_avstamps-objects.py', reference='tpavi-objects')
    for name, config in (
        ('tpavi', 'tpavi'),
        ('catr', 'catr-official'),
        ('avsegformer', 'avsegformer'),
        ('amaue', 'amaue'),
    )
] + [
    dict(name=name, config=f'benchmark/{config}_lite0_avstamps-crowd.py')
    for name, config in (
        ('tpavi', 'tpavi'),
        ('catr', 'catr-official'),
        ('avsegformer', 'avsegformer'),
        ('amaue', 'amaue'),
    )
]
seeds = (0,)
reference = 'tpavi'
