"""Which uncertainty finds wrong pixels and changing frames: fine-tuned on clips of MS3 from one set of weights."""

study = [
    dict(name='amaue-objects', config='benchmark/amaue_lite0_avstamps-objects.py'),
    *[
        dict(name=f'{name}-ms3', config=f'benchmark/{name}_lite0_avstamps-ms3.py', init_from='amaue-objects')
        for name in ('amaue', 'amaue-error', 'amaue-gauss', 'amaue-dropout', 'amaue-kl1')
    ],
]
seeds = (0,)
reference = 'amaue-ms3'
