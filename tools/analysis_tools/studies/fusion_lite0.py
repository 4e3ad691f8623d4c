"""AMA + UE, TPAVI and the channel gate on the stress sets of AVStamps: same backbone, data, schedule and budget.

One set of weights for easy, crowd-1 and crowd-2; switch and gap are fine-tuned from it.
"""

study = [
    dict(name='tpavi', config='benchmark/tpavi_lite0_avstamps-crowd.py'),
    dict(name='gate', config='benchmark/gate_lite0_avstamps-crowd.py'),
    dict(name='amaue', config='benchmark/amaue_lite0_avstamps-crowd.py'),
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
