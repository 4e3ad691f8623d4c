"""Small random clips with predictions, and a run of metrics over them in several processes."""

import json
import os

import torch
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator

from mmavs.registry import METRICS
from mmavs.structures import AVSDataSample

NUM_CLIPS = 7
SIZE = (12, 16)
BINARY_METRICS = (
    dict(type='BinaryAVSMetric', batch_videos=2),
    dict(type='RobustAVSMetric'),
    dict(type='TransitionMetric'),
    dict(type='DatasetLevelMetric'),
)
SEMANTIC_METRICS = (dict(type='SemanticAVSMetric'),)


def make_clip(index, num_classes=1, frames=None, **fields):
    """Clip ``index``, always the same: random logits, some frames without an object, some pixels ignored."""
    generator = torch.Generator().manual_seed(index)
    frames = frames or (5 if index % 3 else 10)
    masks = torch.randint(0, max(2, num_classes), (frames, *SIZE), generator=generator)
    masks[torch.rand(frames, generator=generator) < 0.4] = 0
    masks[0, :2] = 255
    data = dict(
        pred_logits=torch.randn(frames, num_classes, *SIZE, generator=generator),
        gt_masks=masks,
        frame_valid=torch.ones(frames, dtype=torch.bool),
        frame_labelled=torch.rand(frames, generator=generator) < 0.9,
        frame_annotated=torch.zeros(frames, dtype=torch.bool),
    )
    data.update(fields)
    sample = AVSDataSample(metainfo=dict(clip_id=f'clip{index}', sample_idx=index))
    sample.set_data(data)
    return sample


def make_clips(num=NUM_CLIPS, **kwargs):
    return [make_clip(index, **kwargs) for index in range(num)]


def evaluate(metric_cfgs, clips, batch_size=1, size=None):
    """Metrics of ``clips`` in the order given, as mmengine's loops compute them."""
    evaluator = Evaluator([METRICS.build(dict(cfg)) for cfg in metric_cfgs])
    for start in range(0, len(clips), batch_size):
        evaluator.process(data_samples=clips[start : start + batch_size], data_batch=None)
    return evaluator.evaluate(len(clips) if size is None else size)


def evaluate_all(indices, batch_size):
    """Binary and semantic metrics of the clips ``indices`` of a set of ``NUM_CLIPS``."""
    result = {}
    for cfgs, classes in ((BINARY_METRICS, 1), (SEMANTIC_METRICS, 4)):
        clips = [make_clip(index, classes) for index in indices]
        result.update(evaluate(cfgs, clips, batch_size, size=NUM_CLIPS))
    return {key: repr(value) for key, value in result.items()}


def run_rank(rank, folder):
    """Process ``rank`` of three: everything by 3 processes, then by 2, with a sampler that pads and one that does not."""
    torch.set_num_threads(1)
    os.chdir(folder)
    for world_size in (3, 2):
        if rank >= world_size:
            continue
        store = f'file://{folder}/store{world_size}'
        torch.distributed.init_process_group('gloo', init_method=store, rank=rank, world_size=world_size)
        for round_up in (True, False):
            sampler = DefaultSampler(range(NUM_CLIPS), shuffle=False, round_up=round_up)
            result = evaluate_all(list(sampler), batch_size=rank + 1)
            if rank == world_size - 1:
                with open(f'{folder}/{world_size}_{round_up}.json', 'w') as file:
                    json.dump(result, file)
        blocks = [range(0, 4), range(3, 7), range(4, 7)][rank]  # not interleaved: mmengine's own cut would lose clips
        result = evaluate_all(list(blocks), batch_size=2)
        if rank == 0:
            with open(f'{folder}/{world_size}_blocks.json', 'w') as file:
                json.dump(result, file)
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
