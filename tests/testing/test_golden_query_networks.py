from pathlib import Path

import pytest
import torch

from mmavs.apis import init_model
from mmavs.converters import CONVERTERS, convert_file
from mmavs.testing.golden import GoldenCase, compare
from mmavs.testing.golden_networks import check_case
from mmavs.testing.golden_query_networks import batch_of, method_config

GOLDEN = Path(__file__).parents[1] / 'data' / 'golden'
CASES = [
    'avsegformer_r50_ms3',
    'avsegformer_pvt_avss_flags',  # 71 classes, clips of ten and five frames in one batch
    'catr_pvt_ms3',
    'catr_pvt_two_clips',  # wider than high; the chosen masks are larger than the frames
]


@pytest.mark.parametrize('name', CASES)
def test_published_outputs_are_reproduced(name):
    errors = check_case(GoldenCase.load(GOLDEN / f'{name}.json'))
    assert errors
    assert max(errors.values()) < 1e-5, errors


def test_a_converted_file_gives_the_published_masks_with_the_config_of_its_name(tmp_path):
    case = GoldenCase.load(GOLDEN / 'avsegformer_pvt_avss_flags.json')
    torch.save(case.state_dict(), tmp_path / 'official.pth')
    convert_file(CONVERTERS['avsegformer'], tmp_path / 'official.pth', tmp_path / 'converted.pth')
    model = init_model('avsegformer/avsegformer_pvt-v2-b5_avss.py', tmp_path / 'converted.pth')
    with torch.no_grad():
        logits = model(batch_of(case), mode='tensor')
    case.manifest['outputs'] = [entry for entry in case.manifest['outputs'] if entry['name'] == 'pred']
    assert max(compare(case, dict(pred=logits.flatten(0, 1))).values()) < 1e-5


@pytest.mark.parametrize('method', ['avsegformer', 'catr', 'tpavi'])
def test_every_backbone_that_converters_name_has_a_config(method):
    assert method_config(method, 'resnet', 'ms3').model.backbone.type == 'ResNetStages'
    backbone = method_config(method, 'b2', 'ms3').model.backbone
    assert (backbone.type, backbone.variant) == ('PVTv2Stages', 'b2')


def with_input(case, name, value):
    case.arrays[name] = value.numpy()
    entry = dict(name=name, shape=list(value.shape), dtype=str(value.dtype).removeprefix('torch.'), rule='stored')
    case.manifest['inputs'].append(entry)
    return case


def test_flags_of_annotated_frames_do_not_hide_existing_ones():
    case = GoldenCase.load(GOLDEN / 'avsegformer_pvt_avss_flags.json')
    annotated = torch.zeros(20)
    annotated[0] = 1
    batch = batch_of(with_input(case, 'input.gt_temporal_mask_flag', annotated))
    assert batch['frame_valid'].sum(1).tolist() == [10, 5]


def test_padding_inside_a_clip_is_refused():
    case = GoldenCase.load(GOLDEN / 'catr_pvt_ms3.json')
    case.manifest['inputs'] = [entry for entry in case.manifest['inputs'] if entry['name'] != 'audio_pad']
    with pytest.raises(ValueError, match="input 'audio_pad' of the case is not known"):
        batch_of(with_input(case, 'audio_pad', torch.tensor([[False, False, False, False, True]])))
