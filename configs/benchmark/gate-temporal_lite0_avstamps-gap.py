# The channel gate with attention over time: how much of the gain on gap is the temporal module's.
_base_ = './gate_lite0_avstamps-gap.py'
model = dict(temporal=dict(type='TemporalAttn', channels=48))
load_fresh = ('temporal.',)
