# default_runtime for VPO: the checkpoint with the best mean of mIoU and F0.3 is kept.
_base_ = './default_runtime.py'
default_hooks = dict(checkpoint=dict(save_best='avs/JF_beta'))
