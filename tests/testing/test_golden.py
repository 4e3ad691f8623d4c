import hashlib
import json

import numpy as np
import pytest
import torch

from mmavs.testing.golden import (
    INFORMATIVE,
    GoldenCase,
    compare,
    fill_tensor,
    flags_from_digest,
    normal_from_name,
    relative_l2,
)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize(('name', 'shape', 'want'), [
    ('a.num_batches_tracked', [], lambda z: 0),
    ('a.running_mean', [4], lambda z: 0.1 * z),
    ('a.running_var', [4], lambda z: 1 + 0.1 * abs(z)),
    ('a.weight', [4], lambda z: 1 + 0.1 * z),
    ('a.bias', [4], lambda z: 0.1 * z),
    ('a.weight', [4, 3, 3], lambda z: z / 3),
])  # fmt: skip
def test_fill_follows_the_first_rule_that_applies(name, shape, want):
    dtype = 'int64' if name.endswith('tracked') else 'float32'
    value = fill_tensor(0, name, shape, dtype)
    expected = np.asarray(want(normal_from_name(0, name, shape)), dtype=dtype)
    np.testing.assert_allclose(value.numpy(), np.broadcast_to(expected, shape), rtol=1e-6)


def test_numbers_depend_on_name_and_seed_only():
    assert np.array_equal(normal_from_name(0, 'x', (3,)), normal_from_name(0, 'x', (3,)))
    assert not np.array_equal(normal_from_name(0, 'x', (3,)), normal_from_name(1, 'x', (3,)))
    assert not np.array_equal(normal_from_name(0, 'x', (3,)), normal_from_name(0, 'y', (3,)))


@pytest.mark.parametrize('dtype', ['float32', 'int64', 'bool'])
@pytest.mark.parametrize('shape', [[2, 10], [20], [20, 1]])
def test_frame_flags_are_found_by_their_digest(dtype, shape):
    flags = (np.arange(10) < np.array([[10], [5]])).astype(dtype).reshape(shape)
    entry = dict(name='input.vid_temporal_mask_flag', shape=shape, dtype=dtype, sha256=digest(flags))
    assert np.array_equal(flags_from_digest(entry, 10), flags)


def test_flags_with_gaps_are_found_too():
    flags = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype='float32')
    entry = dict(name='input.flag', shape=[8], dtype='float32', sha256=digest(flags))
    assert np.array_equal(flags_from_digest(entry, 4), flags)


def test_flags_that_are_no_zeros_and_ones_are_refused():
    entry = dict(name='input.flag', shape=[4], dtype='int64', sha256=digest(np.array([0, 2, 0, 1])))
    with pytest.raises(ValueError, match=r'input input\.flag: no clip lengths up to 4'):
        flags_from_digest(entry, 4)


def write_case(folder, **changes):
    manifest = dict(
        seed=0, build=dict(T=2), npz='case.npz', state_dict=[],
        inputs=[dict(name='input.audio', shape=[2, 3], dtype='float32', rule='standard_normal')],
        outputs=[dict(name='y', shape=[4], l2=2.0, stored=[dict(key='y', slices=[[0, 4, 2]])])],
    )  # fmt: skip
    np.savez(folder / 'case.npz', y=np.ones(2, dtype=np.float32))
    (folder / 'case.json').write_text(json.dumps({**manifest, **changes}))
    return GoldenCase.load(folder / 'case.json')


def test_a_comparison_covers_stored_parts_norm_and_shape(tmp_path):
    case = write_case(tmp_path)
    assert max(compare(case, dict(y=torch.ones(4))).values()) == 0
    assert compare(case, dict(y=torch.tensor([1.0, 1, 1, 5])))['y'] == 0
    assert compare(case, dict(y=torch.tensor([1.0, 1, 1, 5])))['y (norm)'] > 0.5
    assert max(compare(case, dict(y=torch.full((4,), float('nan')))).values()) == np.inf
    with pytest.raises(KeyError):
        compare(case, {})


def test_an_input_with_another_digest_or_rule_is_refused(tmp_path):
    entry = dict(name='input.audio', shape=[2], dtype='float32', rule='standard_normal', sha256='0' * 64)
    with pytest.raises(ValueError, match=r'input\.audio does not have the digest'):
        write_case(tmp_path, inputs=[entry]).inputs()
    with pytest.raises(ValueError, match="follows the rule 'noise'"):
        write_case(tmp_path, inputs=[{**entry, 'rule': 'noise'}]).inputs()


def test_relative_l2_never_hides_a_mismatch():
    assert relative_l2(np.zeros(3), np.zeros(4)) == np.inf
    assert relative_l2(np.array([np.nan]), np.ones(1)) == np.inf
    assert relative_l2(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0


FLAGS = np.array([1, 0], dtype=np.float32)


def flag_entry(name):
    return dict(name=name, shape=[2], dtype='float32', rule='1 for existing frames', sha256=digest(FLAGS))


def test_normal_inputs_may_be_zero_on_padded_frames(tmp_path):
    image = normal_from_name(0, 'input.image', (2, 3)).astype(np.float32) * FLAGS[:, None]
    entry = dict(name='input.image', shape=[2, 3], dtype='float32', rule='standard_normal, zeros on padded frames')
    inputs = [{**entry, 'sha256': digest(image)}, flag_entry('input.vid_temporal_mask_flag')]
    assert np.array_equal(write_case(tmp_path, inputs=inputs).inputs()['image'], image)


def test_inputs_may_be_constant_or_stored_with_or_without_their_prefix(tmp_path):
    entries = [
        dict(name='audio_pad', shape=[1, 2], dtype='float32', rule='zeros'),
        dict(name='input.scale', shape=[2], dtype='float32', rule='ones'),
        dict(name='input.y', shape=[2], dtype='float32', rule='stored'),
        dict(name='y', shape=[1, 2], dtype='float32', rule='stored'),
    ]
    for entry in entries:
        inputs = write_case(tmp_path, inputs=[entry]).inputs()
        name = entry['name'].removeprefix('input.')
        assert torch.equal(inputs[name], torch.full(entry['shape'], 0.0 if name == 'audio_pad' else 1.0))


def test_outputs_that_do_not_decide_are_named_so(tmp_path):
    outputs = [dict(name='y', shape=[2], l2=1.0, gate=False, stored=[dict(key='y', slices=None)])]
    errors = compare(write_case(tmp_path, outputs=outputs), dict(y=torch.zeros(3)))
    assert set(errors) == {f'{name}{INFORMATIVE}' for name in ('y', 'y (norm)', 'y (shape)')}
