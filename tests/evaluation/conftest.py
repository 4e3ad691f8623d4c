import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmavs.testing.golden import normal_from_name

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'


class MetricGolden:
    """Inputs and numbers made by the published evaluation code."""

    def __init__(self):
        manifest = json.loads((GOLDEN / 'metrics.json').read_text())
        self.seed = manifest['seed']
        self.expected = manifest['expected']
        with np.load(GOLDEN / 'metrics.npz') as archive:
            self.arrays = {key: archive[key] for key in archive.files}

    def binary(self, name):
        return tuple(torch.from_numpy(self.arrays[f'binary.{name}.{key}']) for key in ('logits', 'gt'))

    def semantic(self, name):
        entry = self.expected['semantic'][name]
        noise = normal_from_name(self.seed, f'metric.sem.{name}.noise', entry['shape']).astype(np.float32)
        labels = self.arrays[f'semantic.{name}.pred_label_bump'].astype(np.int64)
        bump = np.moveaxis(np.eye(entry['num_classes'], dtype=np.float32)[labels], -1, 1)
        logits = np.float32(0.5) * noise + np.float32(4) * bump
        assert hashlib.sha256(np.ascontiguousarray(logits).tobytes()).hexdigest() == entry['logits_sha256']
        return torch.from_numpy(logits), torch.from_numpy(self.arrays[f'semantic.{name}.gt']).long()


@pytest.fixture(scope='session')
def golden():
    return MetricGolden()
