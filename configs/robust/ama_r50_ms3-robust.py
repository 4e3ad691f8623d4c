# AMA + UE on MS3 with negatives (AVSBench-Robust). What sounds in a clip stands in metadata.csv of AVSBench-semantic, which is
# expected beside the folder Multi-sources; donors.metadata_file names another place.
_base_ = '../ama/ama_r50_ms3.py'
steps = _base_.augmented_pipeline
negatives = dict(
    type='RandomNegativeAudio',
    share=0.1,
    donors=dict(dataset=dict(type='AVSBenchMS3Dataset', data_root=_base_.data_root, split='train')),
)
train_dataloader = dict(dataset=dict(pipeline=[*steps[:4], negatives, *steps[4:]]))
