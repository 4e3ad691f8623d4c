# AVSegFormer on MS3 with negatives (AVSBench-Robust), trained and tested at 512, as published. The published Dice loss has no
# gradient where a mask is empty: cross-entropy is added, from which negatives are learnt (docs/en/robustness.md).
# metadata.csv of AVSBench-semantic says what sounds, see ama_r50_ms3-robust.py.
_base_ = '../avsegformer/avsegformer_pvt-v2-b5_ms3.py'
steps = _base_.pipeline
negatives = dict(
    type='RandomNegativeAudio',
    share=0.1,
    donors=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=_base_.data_root, split='train')),
)
model = dict(losses=[dict(type='MaskBCELoss'), *_base_.model.losses])
train_dataloader = dict(dataset=dict(pipeline=[*steps[:4], negatives, *steps[4:]]))
