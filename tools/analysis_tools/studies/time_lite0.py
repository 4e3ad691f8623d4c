"""What attention over time brings where half of the sounds are lost in noise: with and without, behind two fusions."""

study = [
    *[dict(name=name, config=f'benchmark/{name}_lite0_avstamps-crowd.py') for name in ('gate', 'amaue')],
    *[
        dict(name=f'{name}-gap', config=f'benchmark/{name}_lite0_avstamps-gap.py', init_from=name.partition('-')[0])
        for name in ('amaue', 'amaue-static', 'gate', 'gate-temporal')
    ],
]
seeds = (0,)
reference = 'amaue-static-gap'
