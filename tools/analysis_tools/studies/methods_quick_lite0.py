"""The four methods side by side in a quarter of the steps, and CATR's fusion with the square of the released code."""

study = [
    *[
        dict(name=name, config=f'benchmark/{name}_lite0_avstamps-objects.py', conditions=['s4', 's4_shuffled', 'ms3'])
        for name in ('tpavi', 'catr', 'avsegformer', 'amaue')
    ],
    dict(
        name='catr-squared',
        config='benchmark/catr_lite0_avstamps-objects.py',
        conditions=['s4', 's4_shuffled', 'ms3'],
        cfg_options={'model.neck.official_squared_fusion': True},
    ),
]
seeds = (0,)
reference = 'tpavi'
cfg_options = {
    'train_cfg.max_iters': 600,
    'train_cfg.val_interval': 600,
    'param_scheduler.1.end': 600,
    'param_scheduler.1.T_max': 550,
}
