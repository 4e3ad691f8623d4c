# A tenth of the weight of the contrast.
_base_ = './ama-contrast_lite0_avstamps-crowd.py'
_base_.model.losses[-1].update(loss_weight=0.01)
