# The contrast at stride 16 only, where the response lies on what sounds.
_base_ = './ama-contrast_lite0_avstamps-crowd.py'
_base_.model.losses[-1].update(channels={2: 64})
