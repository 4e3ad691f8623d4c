import io
import wave

import cv2
import numpy as np
import pytest

from mmavs.avstamps.layouts import clip_files, encode_picture, encode_wav, index_files, write_bytes
from mmavs.avstamps.sets import SETS, choose

SPECS = {spec.name: spec for spec in SETS}
FRAMES = [np.full((8, 8, 3), 10 * i, np.uint8) for i in range(5)]
MASKS = [np.eye(8, dtype=np.uint8) * 3 for _ in range(5)]
SAMPLES = np.arange(-40, 40, dtype=np.int16).reshape(40, 2)


def decode(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def files(name, split='test'):
    return clip_files(SPECS[name], 'x_1', split, 'dog', FRAMES, MASKS, SAMPLES, 4)


def test_s4_names_and_the_one_labelled_training_frame():
    test, train = files('s4'), files('s4', 'train')
    assert 's4_data/visual_frames/test/dog/x_1/x_1_5.png' in test
    assert 's4_data/audio_wav/test/dog/x_1.wav' in test
    assert sum('gt_masks' in name for name in test) == 5
    assert [name for name in train if 'gt_masks' in name] == ['s4_data/gt_masks/train/dog/x_1/x_1_1.png']


def test_ms3_names_have_mp4_in_the_frames_and_a_split_in_the_masks():
    names = files('crowd-1')
    assert 'ms3_data/visual_frames/x_1/x_1.mp4_1.png' in names
    mask = decode(names['ms3_data/gt_masks/test/x_1/x_1_1.png'])
    assert mask.ndim == 2
    np.testing.assert_array_equal(mask, np.eye(8) * 255)


def test_avss_counts_from_zero_and_has_indices_and_colours():
    names = files('avss-v1s')
    np.testing.assert_array_equal(decode(names['v1s/x_1/labels_semantic/0.png']), np.eye(8) * 3)
    assert decode(names['v1s/x_1/labels_rgb/4.png'])[0, 0].tolist() == [0, 128, 128]  # class 3 is (128, 128, 0), BGR
    assert decode(names['v1s/x_1/frames/4.jpg']).shape == (8, 8, 3)
    train = [name for name in files('avss-v1s', 'train') if 'labels' in name]
    assert sorted(train) == ['v1s/x_1/labels_rgb/0.png', 'v1s/x_1/labels_semantic/0.png']


def test_wav_is_16_bit_at_16_khz():
    with wave.open(io.BytesIO(encode_wav(SAMPLES))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16000, 2, 2)
        np.testing.assert_array_equal(np.frombuffer(file.readframes(40), '<i2').reshape(-1, 2), SAMPLES)


def test_png_keeps_rgb_exactly():
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode(encode_picture(picture, '.png'))[..., ::-1], picture)


def test_avss_index_has_the_published_columns_and_counts_classes_from_one():
    clips = {
        'avss-v2_test_00000_0_10000': dict(split='test', subset='v2', sounding=[['sea_lion'], ['dog']]),
        'avss-v1m_test_00000': dict(split='test', subset='v1m', sounding=[['dog'], []]),
    }
    index = index_files('avss', clips, ['dog', 'sea_lion'])
    lines = index['metadata.csv'].decode().splitlines()
    assert lines[0] == 'vid,uid,s_min,s_sec,a_obj,split,label'
    assert lines[1] == 'avss-v2_test_00000,avss-v2_test_00000_0_10000,0,0,dog_sea_lion,test,v2'
    assert lines[2] == 'avss-v1m_test_00000,avss-v1m_test_00000,0,0,dog,test,v1m'
    assert b'"background": 1' in index['label2idx.json']
    assert b'"sea_lion": 3' in index['label2idx.json']


def test_a_file_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / 'a' / 'b.png'
    write_bytes(target, b'old')
    monkeypatch.setattr('os.replace', lambda *_: (_ for _ in ()).throw(OSError('disk full')))
    with pytest.raises(OSError, match='disk full'):
        write_bytes(target, b'new')
    assert target.read_bytes() == b'old'


def test_unknown_sets_are_named():
    with pytest.raises(ValueError, match=r"unknown sets \['crowd-3'\]; known: .*crowd-2"):
        choose(('s4', 'crowd-3'))


def test_sizes_are_those_of_the_data_sheet():
    assert SPECS['s4'].counts['full'] == (2000, 160, 400)
    assert SPECS['s4'].counts['quick'] == (2000, 100, 400)
    assert SPECS['ms3'].counts == dict(tiny=(24, 8, 8), quick=(400, 40, 100), full=(400, 60, 200))
    assert SPECS['crowd'].counts['full'] == (5400, 300, 0)
    assert SPECS['spatial'].counts['tiny'] == (0, 0, 8)
    assert [spec.name for spec in choose(('avss',))] == ['avss-v1s', 'avss-v1m', 'avss-v2']
