"""The four methods side by side: one backbone, data, schedule and seed; only the fusion differs."""

study = [
    *[
        dict(name=f'{name}-objects', config=f'benchmark/{name}_lite0_avstamps-objects.py', reference='tpavi-objects')
        for name in ('tpavi', 'catr', 'avsegformer', 'amaue')
    ],
    *[
        dict(name=name, config=f'benchmark/{name}_lite0_avstamps-crowd.py')
        for name in ('tpavi', 'catr', 'avsegformer', 'amaue')
    ],
]
seeds = (0,)
reference = 'tpavi'
