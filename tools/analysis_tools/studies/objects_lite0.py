"""AMA + UE, TPAVI and the channel gate on S4 and MS3 of AVStamps, one set of weights for both."""

study = [
    dict(name=f'{name}-objects', config=f'benchmark/{name}_lite0_avstamps-objects.py')
    for name in ('tpavi', 'gate', 'amaue')
]
seeds = (0, 1, 2)
reference = 'tpavi-objects'
