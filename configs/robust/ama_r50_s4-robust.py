# AMA + UE on S4 with negatives (AVSBench-Robust): one sample in ten has off-screen sound or silence and an all-black mask.
_base_ = '../ama/ama_r50_s4.py'
steps = _base_.augmented_pipeline
negatives = dict(
    type='RandomNegativeAudio',
    share=0.1,
    donors=dict(dataset=dict(type='AVSBenchS4Dataset', data_root=_base_.data_root, split='train')),
)
train_dataloader = dict(dataset=dict(pipeline=[*steps[:4], negatives, *steps[4:]]))
