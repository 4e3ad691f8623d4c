# Positives from the ground truth, what the paper compares with.
_base_ = './ama-contrast_lite0_avstamps-crowd.py'
_base_.model.losses[-1].update(positives='mask')
