# adamw-iter for fine-tuning: 400 steps from half the learning rate; validated once, at the end.
_base_ = './adamw-iter.py'
max_iters = 400
_base_.param_scheduler[1].update(end=max_iters, T_max=max_iters - 50)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
