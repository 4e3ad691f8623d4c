# adamw-iter for 2400 steps; validated once, at the end.
_base_ = './adamw-iter.py'
max_iters = 2400
_base_.param_scheduler[1].update(end=max_iters, T_max=max_iters - 50)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
