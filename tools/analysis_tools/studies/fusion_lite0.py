"""AMA + UE, TPAVI and the channel gate on AVStamps: same backbone, data, schedule and budget, three seeds.

One set of weights for S4 and MS3 ("objects"), one for easy, crowd-1 and crowd-2; switch and gap are fine-tuned from the latter.
"""

study = [
    dict(name='tpavi', config='benchmark/tpavi_lite0_avstamps-crowd.py'),
    dict(name='gate', config='benchmark/gate_lite0_avstamps-crowd.py'),
    dict(name='amaue', config='benchmark/amaue_lite0_avstamps-crowd.py'),
    dict(name='tpavi-objects', config='benchmark/tpavi_lite0_avstamps-objects.py'),
    dict(name='gate-objects', config='benchmark/gate_lite0_avstamps-objects.py', reference='tpavi-objects'),
    dict(name='amaue-objects', config='benchmark/amaue_lite0_avstamps-objects.py', reference='tpavi-objects'),
    *[
        dict(
            name=f'{name}-switch',
            config=f'benchmark/{name}_lite0_avstamps-switch.py',
            init_from=name.partition('-')[0],
            reference='tpavi-clip-switch',
        )
        for name in ('tpavi-clip', 'gate', 'amaue')
    ],
    *[
        dict(
            name=f'{name}-gap',
            config=f'benchmark/{name}_lite0_avstamps-gap.py',
            init_from=name.partition('-')[0],
            reference='tpavi-clip-gap',
        )
        for name in ('tpavi-clip', 'gate', 'amaue')
    ],
]
seeds = (0, 1, 2)
reference = 'tpavi'
