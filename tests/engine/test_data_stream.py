import copy
import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler

from mmavs.engine import AVSRunner, StreamDataset, StreamIndex, StreamSampler


class Draws(torch.utils.data.Dataset):
    metainfo = dict(classes=('a',))

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, np.random.rand(), random.random(), torch.rand(()).item()


def loader(batch_size=2, num_workers=0, seed=3, sampler='DefaultSampler'):
    cfg = dict(dataset=Draws(), sampler=dict(type=sampler), batch_size=batch_size, num_workers=num_workers)
    return AVSRunner.build_dataloader(dict(cfg, collate_fn=dict(type='pseudo_collate')), seed=seed)


def rows(data_loader):
    return [tuple(float(v) for v in row) for batch in data_loader for row in zip(*batch, strict=True)]


def test_draws_are_those_of_the_place_whatever_reads_them():
    torch.manual_seed(1)
    one = rows(loader())
    torch.manual_seed(2)
    np.random.seed(2)
    assert rows(loader()) == one
    assert rows(loader(num_workers=3)) == one
    assert rows(loader(batch_size=5)) == one
    assert len({row[1] for row in one}) == 10


def test_draws_differ_by_epoch_and_seed():
    data_loader = loader()
    first = rows(data_loader)
    data_loader.sampler.set_epoch(1)
    second = rows(data_loader)
    assert {row[1] for row in first}.isdisjoint(row[1] for row in second)
    assert {row[1] for row in first}.isdisjoint(row[1] for row in rows(loader(seed=4)))


def test_order_is_that_of_the_wrapped_sampler():
    plain = DefaultSampler(Draws(), shuffle=True, seed=3)
    plain.set_epoch(2)
    ours = StreamSampler(Draws(), dict(type='DefaultSampler'), seed=3)
    ours.set_epoch(2)
    assert list(ours) == list(plain)
    assert len(ours) == len(plain)


def test_a_pass_can_start_anywhere():
    plain = iter(InfiniteSampler(Draws(), seed=3))
    expected = [next(plain) for _ in range(40)]
    ours = StreamSampler(Draws(), dict(type='InfiniteSampler'), seed=3)
    whole = [index for index, _ in zip(ours, range(40), strict=False)]
    ours.start = 25
    rest = [index for index, _ in zip(ours, range(15), strict=False)]
    assert whole == expected
    assert rest == expected[25:]
    assert [index.seed for index in rest] == [index.seed for index in whole[25:]]


def test_two_processes_draw_like_one(monkeypatch):
    sampler = StreamSampler(Draws(), dict(type='DefaultSampler'), seed=3)
    alone = {index: index.seed for index in sampler}
    shared = {}
    for rank in (0, 1):
        for module in ('mmavs.engine.data_stream', 'mmengine.dataset.sampler'):
            monkeypatch.setattr(f'{module}.get_dist_info', lambda rank=rank: (rank, 2))
        shared.update({index: index.seed for index in StreamSampler(Draws(), dict(type='DefaultSampler'), seed=3)})
    assert shared == alone


def test_index_and_dataset_survive_pickle_and_copy():
    index = pickle.loads(pickle.dumps(StreamIndex(4, (1, 2, 3))))
    assert index == 4
    assert index.seed == (1, 2, 3)
    data = StreamDataset(Draws())
    assert copy.deepcopy(data).dataset is data.dataset
    assert pickle.loads(pickle.dumps(data))[index] == data[index]


def test_dataset_is_transparent():
    data = StreamDataset(Draws())
    assert data.metainfo is Draws.metainfo
    data.pipeline = 'other'
    assert data.dataset.pipeline == 'other'
    with pytest.raises(AttributeError):
        _ = data.missing


def test_a_sampler_object_is_refused():
    with pytest.raises(TypeError, match='config as sampler'):
        AVSRunner.build_dataloader(dict(dataset=Draws(), sampler=DefaultSampler(Draws()), batch_size=1))
