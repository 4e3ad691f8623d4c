"""Golden cases of the methods with queries: AVSegFormer and CATR."""

import torch
from mmengine import Config
from torch import Tensor, nn

from mmavs.apis import get_config, init_model
from mmavs.converters import CONVERTERS
from mmavs.testing.golden import GoldenCase, StateDict, is_frame_flag, is_video_flag


def method_config(method: str, variant: str, dataset: str) -> Config:
    """Return the config of a method with the backbone that its converter names: ``'resnet'``, or a variant of PVT-v2."""
    backbone = 'r50' if variant == 'resnet' else 'pvt-v2-b5'
    cfg = get_config(f'{method}/{method}_{backbone}_{dataset}.py')
    if variant != 'resnet':
        cfg.model.backbone.variant = variant  # all of them have the same widths
    return cfg


def load_converted(cfg: Config, converted: StateDict) -> nn.Module:
    """Build the model of ``cfg`` and fill it; parts that the checkpoint lacks (a separate VGGish) keep their values."""
    model = init_model(cfg)
    model.load_state_dict({**model.state_dict(), **converted})
    return model


def batch_of(case: GoldenCase) -> dict[str, Tensor]:
    """Return the inputs of a case as the segmentor takes them; images, audio and flags are clip-major in the manifest.

    Raises:
        ValueError: An input that is none of these, or padding inside a clip, which no published network can take.
    """
    inputs = case.inputs()
    num_frames = case.num_frames
    audio = inputs.pop('audio')
    name = 'audio' if audio.dim() == 4 else 'audio_features'
    batch = {'frames': inputs.pop('image').unflatten(0, (-1, num_frames)), name: audio.unflatten(0, (-1, num_frames))}
    for name, value in inputs.items():
        if is_frame_flag(name):
            if is_video_flag(name):
                batch['frame_valid'] = value.reshape(-1, num_frames) > 0
        elif not name.endswith('_pad') or value.any():
            raise ValueError(f'input {name!r} of the case is not known')
    return batch


def avsegformer_outputs(case: GoldenCase) -> dict[str, Tensor]:
    """Run an AVSegFormer case through converter, config and segmentor.

    Raises:
        ValueError: The official state dict does not fill the whole model.
    """
    converter = CONVERTERS['avsegformer']
    official = case.state_dict()
    state_dict, report = converter.convert(official)
    if report.missing:
        raise ValueError(f'the official state dict leaves {report.missing} of the model unfilled')
    options = converter.read_options(official)
    dataset = 'avss' if options['num_classes'] > 1 else 'ms3'
    cfg = method_config('avsegformer', options['backbone'], dataset)
    shared = {key: options[key] for key in ('channels', 'num_heads')}
    cfg.model.neck.update(**shared, **options['neck'])
    cfg.model.decode_head.update(**shared, **options['decode_head'], num_classes=options['num_classes'])
    model = load_converted(cfg, state_dict)
    with torch.no_grad():
        output = model.segment(batch_of(case))
    return {'pred': output.logits.flatten(0, 1), 'mask_feature': output.features.aux['mask_feature']}


def catr_outputs(case: GoldenCase) -> dict[str, Tensor]:
    """Run a CATR case through converter, config and segmentor; the published outputs have frames before clips.

    The published test resizes the chosen masks to 224 pixels, whatever the size of the frames.

    Raises:
        ValueError: The official state dict leaves more unfilled than VGGish, which is not part of it.
    """
    build = case.manifest['build']
    converter = CONVERTERS['catr']
    official = case.state_dict()
    state_dict, report = converter.convert(official)
    if report.missing:
        raise ValueError(f'the official state dict leaves {report.missing} of the model unfilled')
    options = converter.read_options(official)
    cfg = method_config('catr', options['backbone'], 'ms3')
    shared = {key: options[key] for key in ('channels', 'ffn_channels')}
    for part in ('neck', 'decode_head'):
        cfg.model[part].update(**shared, **options[part], num_heads=build.get('nheads', 8))
    model = load_converted(cfg, state_dict)
    sizes = [entry['shape'][-2:] for entry in case.manifest['outputs'] if entry['name'] == 'selected_mask']
    with torch.no_grad():
        output = model.segment(batch_of(case))
        for size in sizes:
            if size != list(output.logits.shape[-2:]):
                output = model.decode_head(output.features, size=tuple(size))
    outputs = {}
    masks, scores = (output.features.aux[name].transpose(1, 2) for name in ('query_masks', 'query_scores'))
    for layer, prefix in enumerate([*(f'aux_outputs.{i}.' for i in range(len(masks) - 1)), '']):
        outputs[f'{prefix}pred_masks'] = masks[layer]
        outputs[f'{prefix}pred_is_referred'] = scores[layer]
    outputs['selected_index'] = scores[-1].softmax(-1)[..., 0].argmax(-1).flatten()
    outputs['selected_mask'] = output.logits[:, :, 0].transpose(0, 1).flatten(0, 1)
    return outputs
