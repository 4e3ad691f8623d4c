"""A network and clips small enough for a test of a tool; configs import it with ``custom_imports``."""

import torch
from torch import nn
from torch.utils.data import Dataset

from mmavs.models.backbones import BaseStagedBackbone
from mmavs.registry import DATASETS, MODELS
from mmavs.structures import AVSDataSample


@MODELS.register_module()
class TinyStages(BaseStagedBackbone):
    out_channels, strides = (4,), (2,)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, stride=2)

    def stem(self, x):
        return x

    def forward_stage(self, stage, x):
        return self.conv(x)

    def stage_modules(self, stage):
        return [self.conv] if stage == 0 else []

    def load_pretrained(self, source):
        raise ValueError(f'there are no weights {source}')


@DATASETS.register_module()
class BrightClips(Dataset):
    """Bright squares sound, in two of four frames; a stripe that is less bright never does."""

    metainfo = dict(classes=('background', 'sounding'))

    def __len__(self):
        return 3

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        frames = torch.randint(0, 60, (4, 3, 16, 16), generator=generator)
        masks = torch.zeros(4, 16, 16).long()
        masks[1:3, 2:8, 2:8] = 1
        frames[1:3, :, 2:8, 2:8] += 180
        frames[:, 0, 12:14] += 120
        flags = torch.ones(4).bool()
        sample = AVSDataSample(metainfo=dict(clip_id=f'clip{index}'))
        sample.set_data(dict(gt_masks=masks, frame_valid=flags, frame_annotated=flags, frame_labelled=flags))
        inputs = dict(frames=frames.to(torch.uint8), audio_features=torch.zeros(4, 128))
        return dict(inputs=inputs, data_samples=sample)
