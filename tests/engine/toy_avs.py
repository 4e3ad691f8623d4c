"""A model and data set that train in a second; configs import it with ``custom_imports``."""

import os
import random
import signal
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from mmavs.registry import DATASETS, HOOKS, METRICS, MODELS
from mmavs.structures import AVSDataSample


@DATASETS.register_module()
class ToyClips(Dataset):
    """Points of a fixed random line; the transforms draw from all three generators."""

    metainfo = dict(classes=('background', 'sounding'))

    def __init__(self, length=12, noise=0.1, root=None, nan_at=None):
        if root is not None and not Path(root).is_dir():
            raise FileNotFoundError(f'ToyClips needs the folder {root}')
        self.length, self.noise, self.nan_at = length, noise, nan_at

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        x = torch.randn(6, generator=torch.Generator().manual_seed(index))
        target = x.sum()
        x = x + self.noise * (np.random.rand() + random.random() + torch.rand(6))
        if index == self.nan_at:
            x[0] = float('nan')
        sample = AVSDataSample(metainfo=dict(clip_id=f'clip{index}'), target=target)
        return dict(inputs=dict(x=x), data_samples=sample)


@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self, width=8, dropout=0.3, norm=True):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, width),
            nn.BatchNorm1d(width) if norm else nn.Identity(),
            nn.Dropout(dropout),
            nn.Linear(width, 1),
        )

    def forward(self, inputs, data_samples=None, mode='tensor'):
        out = self.layers(torch.stack(list(inputs['x'])))[:, 0]
        if mode == 'loss':
            return dict(loss=(out - torch.stack([s.target for s in data_samples])).square().mean())
        if mode == 'predict':
            for sample, value in zip(data_samples, out, strict=True):
                sample.pred = value
            return data_samples
        return out


@METRICS.register_module()
class ToyMetric(BaseMetric):
    default_prefix = 'avs'

    def process(self, data_batch, data_samples):
        self.results += [float((s['pred'] - s['target']).abs()) for s in data_samples]

    def compute_metrics(self, results):
        return dict(J_frame=1 / (1 + sum(results) / len(results)), count=float(len(results)))


@HOOKS.register_module()
class KillHook(Hook):
    """SIGKILL before iteration ``at_iter``, or half-way through the file written as number ``at_write``."""

    def __init__(self, at_iter=None, at_write=None):
        self.at_iter = at_iter
        if at_write is not None:
            put, count = LocalBackend.put, [0]

            def dying_put(backend, data, filepath):
                count[0] += 1
                if count[0] == at_write:
                    put(backend, bytes(data)[: len(data) // 2], filepath)
                    os.kill(os.getpid(), signal.SIGKILL)
                put(backend, data, filepath)

            LocalBackend.put = dying_put

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at_iter:
            os.kill(os.getpid(), signal.SIGKILL)
