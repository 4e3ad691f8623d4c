# The set `switch` of AVStamps (the sounding set changes every second) on cached features, to fine-tune what was trained
# on `crowd`: four clips of five frames a step, no negatives (one frame in ten is empty already).
_base_ = './avstamps-crowd-frozen_128.py'
clips = dict(
    type='AVSBenchMS3Dataset', data_root=f'{_base_.data_root}/switch', recipes_file='recipes.json', num_frames=5
)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        **_base_.cached,
        views=4,
        dataset=dict(**clips, split='train', pipeline=_base_.train_pipeline[1:]),
    ),
)
val_dataloader = dict(dataset=dict(dataset=clips))
test_dataloader = dict(dataset=dict(dataset=clips))
conditions = dict(_delete_=True, switch=dict(), switch_shuffled=dict(dataset=dict(audio_from='disjoint')))
