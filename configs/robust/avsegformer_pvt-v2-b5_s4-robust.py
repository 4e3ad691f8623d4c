# AVSegFormer on S4 with negatives (AVSBench-Robust), trained at 224 and tested at 512, as published. The published Dice loss has
# no gradient where a mask is empty: cross-entropy is added, from which negatives are learnt (docs/en/robustness.md).
_base_ = '../avsegformer/avsegformer_pvt-v2-b5_s4.py'
steps = _base_.train_pipeline
negatives = dict(
    type='RandomNegativeAudio',
    share=0.1,
    donors=dict(dataset=dict(type='AVSBenchS4Dataset', data_root=_base_.data_root, split='train')),
)
model = dict(losses=[dict(type='MaskBCELoss'), *_base_.model.losses])
train_dataloader = dict(dataset=dict(pipeline=[*steps[:4], negatives, *steps[4:]]))
