"""Running golden network cases: fill the official state dict, convert it, load it into the configured model, compare."""

from collections.abc import Callable

import torch
from torch import Tensor

from mmavs.apis import init_model
from mmavs.converters import CONVERTERS
from mmavs.testing.golden import GoldenCase, compare
from mmavs.testing.golden_query_networks import avsegformer_outputs, batch_of, catr_outputs, method_config


def tpavi_outputs(case: GoldenCase) -> dict[str, Tensor]:
    """Run a TPAVI case through converter, config and segmentor.

    The configs ``configs/tpavi/tpavi_{backbone}_{ms3,avss}.py`` are built with the options of the manifest; ``mask_padding``
    is off, because the published arithmetic is what is compared.
    """
    build = case.manifest['build']
    official = case.state_dict()
    state_dict, report = CONVERTERS['tpavi'].convert(official)
    if report.missing:
        raise ValueError(f'the official state dict leaves {report.missing} of the model unfilled')
    options = CONVERTERS['tpavi'].read_options(official)
    dataset = 'avss' if options['num_classes'] > 1 else 'ms3'
    cfg = method_config('tpavi', options['backbone'], dataset)
    cfg.model.neck.update(
        channels=options['channels'],
        stages=options['stages'],
        align_bias=options['align_bias'],
        audio_visual=build.get('tpavi_va_flag', True),
        visual_visual=build.get('tpavi_vv_flag', False),
        mask_padding=False,
    )
    cfg.model.decode_head.update(channels=options['channels'], num_classes=options['num_classes'])
    model = init_model(cfg)
    own = model.state_dict()
    own.update(state_dict)
    model.load_state_dict(own)

    batch = batch_of(case)
    with torch.no_grad():
        logits = model(batch, mode='tensor')
        features = model.segment(batch).features
    shapes = {entry['name']: entry['shape'] for entry in case.manifest['outputs']}
    outputs = {'pred': logits.flatten(0, 1)}
    for i, (feature_map, aligned) in enumerate(zip(features.maps, features.aux['tpavi_audio'], strict=True)):
        outputs[f'feature_map_list.{i}'] = feature_map
        if aligned is not None and f'a_fea_list.{i}' in shapes:
            outputs[f'a_fea_list.{i}'] = aligned.reshape(shapes[f'a_fea_list.{i}'])
    return outputs


def vggish_outputs(case: GoldenCase) -> dict[str, Tensor]:
    """Run a VGGish case."""
    from mmavs.models.audio_backbones import VGGish

    state_dict, _ = CONVERTERS['vggish'].convert(case.state_dict())
    model = VGGish().eval()
    model.load_state_dict(state_dict)
    audio = case.inputs()['audio']
    with torch.no_grad():
        flat = model.features(audio).permute(0, 2, 3, 1).flatten(1)
        return {'embedding': model(audio[None])[0], 'pre_relu': model.embeddings[:-1](flat)}


RUNNERS: dict[str, Callable[[GoldenCase], dict[str, Tensor]]] = {
    'avsegformer': avsegformer_outputs,
    'catr': catr_outputs,
    'tpavi': tpavi_outputs,
    'vggish': vggish_outputs,
}


def check_case(case: GoldenCase) -> dict[str, float]:
    """Run a network case and return its relative errors (see ``compare``).

    Raises:
        ValueError: The manifest's method is not known.
    """
    method = case.manifest['method'].lower()
    if method not in RUNNERS:
        raise ValueError(f'method {method!r} is not known; known: {sorted(RUNNERS)}')
    return compare(case, RUNNERS[method](case))
