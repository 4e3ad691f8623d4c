import json
import pickle

import numpy as np
import pytest

from mmavs.datasets.feature_store import FeatureStore, FeatureWriter, GrowingArray, check_disk_space


def clip(length, seed):
    rng = np.random.default_rng(seed)
    return dict(x=rng.normal(size=(length, 3, 2)).astype(np.float16), flag=rng.random(length) < 0.5)


def test_clips_of_different_length_come_back_with_their_values(tmp_path):
    clips = [clip(5, 0), clip(1, 1), clip(3, 2)]
    writer = FeatureWriter(tmp_path)
    for i, arrays in enumerate(clips):
        writer.append(arrays, dict(name=f'clip{i}', size=(4, np.int64(i)), tags=[['a'], []]))
    writer.close(views=2)
    store = pickle.loads(pickle.dumps(FeatureStore(tmp_path)))
    assert len(store) == 3
    assert store.header['views'] == 2
    for i, arrays in enumerate(clips):
        read = store.arrays(i)
        assert set(read) == set(arrays)
        for name, value in arrays.items():
            assert read[name].dtype == value.dtype
            np.testing.assert_array_equal(read[name], value)
        assert store.meta(i) == dict(name=f'clip{i}', size=(4, i), tags=[['a'], []])


def test_files_are_plain_npy(tmp_path):
    array = GrowingArray(tmp_path / 'x.npy', np.float16, (2,))
    rows = np.arange(24, dtype=np.float16).reshape(12, 2)
    for row in rows:
        array.append(row[None])
    array.close()
    np.testing.assert_array_equal(np.load(tmp_path / 'x.npy', allow_pickle=False), rows)


def test_what_a_pickle_holds_does_not_grow_with_the_features(tmp_path):
    writer = FeatureWriter(tmp_path)
    for i in range(200):
        writer.append(clip(10, i), dict(name='x' * 100))
    writer.close()
    assert len(pickle.dumps(FeatureStore(tmp_path))) < 1000


@pytest.mark.parametrize(
    ('arrays', 'message'),
    [
        (dict(x=np.zeros((2, 4, 2), np.float16), flag=np.zeros(2, bool)), r'x\.npy holds rows \(3, 2\) float16'),
        (dict(x=np.zeros((2, 3, 2), np.float32), flag=np.zeros(2, bool)), 'float32'),
        (dict(x=np.zeros((2, 3, 2), np.float16)), 'the clips before'),
        (dict(x=np.zeros((2, 3, 2), np.float16), flag=np.zeros(1, bool)), 'one number of frames'),
    ],
)
def test_a_clip_that_does_not_fit_is_an_error(tmp_path, arrays, message):
    writer = FeatureWriter(tmp_path)
    writer.append(clip(2, 0), {})
    with pytest.raises(ValueError, match=message):
        writer.append(arrays, {})
    writer.abort()


def test_metainfo_must_be_plain(tmp_path):
    writer = FeatureWriter(tmp_path)
    with pytest.raises(TypeError, match='plain values, got object'):
        writer.append(clip(2, 0), dict(odd=object()))
    writer.abort()


def test_size_of_a_frame_and_disk_check(tmp_path):
    writer = FeatureWriter(tmp_path)
    writer.append(clip(4, 0), dict(a=1))
    assert writer.bytes_per_frame() == 3 * 2 * 2 + 1 + (len(json.dumps(dict(a=1))) + 1) / 4
    writer.abort()
    check_disk_space(tmp_path, 1)
    with pytest.raises(OSError, match='GiB are free; choose another cache_dir'):
        check_disk_space(tmp_path, 1e18)
