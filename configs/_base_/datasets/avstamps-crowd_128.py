# The main stress sets of AVStamps: three to five look-alikes close together, one second per clip. One set of weights is
# trained on a mixture and tested on all of them.
_base_ = './avstamps-s4_128.py'
data_root = 'data/avstamps'
clips = dict(data_root=f'{data_root}/crowd', type='AVSBenchMS3Dataset', num_frames=1)
positives, negatives = _base_.train_dataloader.dataset.datasets
positives.dataset.update(clips, pipeline=_base_.train_pipeline[1:])  # without SampleFrames: a clip is one second
negatives.update(clips, pipeline=_base_.negative_pipeline[1:])
train_dataloader = dict(dataset=dict(datasets=[positives, negatives]))
val_dataloader = dict(dataset=clips)
test_dataloader = dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=f'{data_root}/crowd-1', num_frames=1))
conditions = dict(
    _delete_=True,
    easy=dict(dataset=dict(data_root=f'{data_root}/easy')),
    crowd_1=dict(),
    crowd_1_shuffled=dict(dataset=dict(audio_from='disjoint')),
    crowd_2=dict(dataset=dict(data_root=f'{data_root}/crowd-2')),
    switch=dict(dataset=dict(data_root=f'{data_root}/switch', num_frames=5)),
    gap=dict(dataset=dict(data_root=f'{data_root}/gap', num_frames=5)),
)
