# AVSBench-object, single source (S4): as MS3, but of a training clip only the first frame is labelled.
_base_ = './avsbench-ms3_224.py'
data_root = 'data/AVSBench/Single-source'
train_dataloader = dict(dataset=dict(type='AVSBenchS4Dataset', data_root=data_root))
val_dataloader = dict(dataset=dict(type='AVSBenchS4Dataset', data_root=data_root))
test_dataloader = dict(dataset=dict(type='AVSBenchS4Dataset', data_root=data_root))
