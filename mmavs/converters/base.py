"""What all converters share: safe reading, key accounting, the report."""

import re
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmavs.compat import load_file_safely
from mmavs.models.pretrained import unwrap_state_dict

StateDict = dict[str, Tensor]
AUDIO_PREFIX = 'audio_backbone.'


@dataclass
class ConversionReport:
    """Where every key of the source went.

    Attributes:
        mapped: Source key to new key.
        dropped: Source keys left out on purpose, with the reason.
        missing: Keys of the model that the source does not provide.
    """

    mapped: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the report as lines of text."""
        lines = [f'mapped   {old} -> {new}' for old, new in self.mapped.items()]
        lines += [f'dropped  {old}  ({reason})' for old, reason in self.dropped.items()]
        lines += [f'missing  {name}' for name in self.missing]
        lines.append(f'{len(self.mapped)} mapped, {len(self.dropped)} dropped, {len(self.missing)} missing')
        return '\n'.join(lines)


class Converter(metaclass=ABCMeta):
    """Renames the keys of one published method.

    Sub-classes give ``rules``: pairs of a regular expression on the whole source key and its replacement (``re.sub`` syntax,
    or ``None`` to drop the key), tried in order, with ``drop_reasons`` for the dropped ones.
    """

    rules: Sequence[tuple[str, str | None]] = ()
    drop_reasons: Sequence[tuple[str, str]] = ()

    @abstractmethod
    def build_target(self, source: StateDict) -> nn.Module:
        """Build (on the meta device) the module that ``source`` belongs to; its state dict is what must be filled."""

    def describe(self, source: StateDict) -> dict[str, Any]:
        """Return what the keys tell about the variant; it is stored in the ``meta`` of the converted file."""
        return {}

    def convert_tensor(self, name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
        """Give a tensor the shape of its new place where that is a mere reshape (1x1 convolutions of other rank)."""
        squeezed = [size for size in tensor.shape if size != 1]
        if tensor.shape != shape and squeezed == [size for size in shape if size != 1]:
            return tensor.reshape(shape)
        return tensor

    def convert(self, source: StateDict) -> tuple[StateDict, ConversionReport]:
        """Convert a state dict.

        Raises:
            ValueError: A key that no rule knows, or a shape that does not fit; all of them are named.
        """
        wanted = self.build_target(source).state_dict()
        report, result = ConversionReport(), {}
        unknown, misfits = [], []
        for old, tensor in source.items():
            new = self._rename(old)
            if new is None:
                report.dropped[old] = self._reason(old)
            elif new not in wanted:
                unknown.append(f'{old} (renamed {new})')
            elif new in result:
                unknown.append(f'{old} (renamed {new}, as another key)')
            else:
                tensor = self.convert_tensor(new, tensor, wanted[new].shape)
                if tensor.shape != wanted[new].shape:
                    misfits.append(f'{old} {tuple(tensor.shape)}, the model has {new} {tuple(wanted[new].shape)}')
                result[new] = tensor
                report.mapped[old] = new
        if unknown:
            raise ValueError(f'{len(unknown)} keys belong to another model: {unknown[:5]}')
        if misfits:
            raise ValueError(f'{len(misfits)} tensors do not fit: {misfits[:5]}')
        report.missing = sorted(set(wanted) - set(result))
        return result, report

    def _rename(self, name: str) -> str | None:
        for pattern, replacement in self.rules:
            if re.fullmatch(pattern, name):
                return None if replacement is None else re.sub(pattern, replacement, name)
        return name

    def _reason(self, name: str) -> str:
        return next(reason for pattern, reason in self.drop_reasons if re.fullmatch(pattern, name))


def convert_file(
    converter: Converter, source: Path, target: Path, *, audio: tuple[Converter, Path] | None = None
) -> ConversionReport:
    """Convert a checkpoint file; the source is read without running code from it.

    Args:
        converter: One of ``CONVERTERS``.
        source: Official file: a state dict, also inside ``state_dict``/``model``, also with ``module.`` in front.
        target: Written as ``dict(state_dict=..., meta=...)``, which mmengine loads.
        audio: Converter and file of an audio backbone that the method publishes apart; it goes into the same target under
            ``audio_backbone.``, which makes the checkpoint complete.

    Raises:
        FileNotFoundError: A source does not exist.
        ValueError: A source is not safe to load, is not of this method, or does not fit; ``target`` is a source; or ``audio`` is
            given for a file that holds an audio backbone itself.
    """
    files = [source] if audio is None else [source, audio[1]]
    if target.resolve() in [file.resolve() for file in files]:
        raise ValueError(f'{target} is the official file itself; give another target')
    weights = _read(source)
    state_dict, report = converter.convert(weights)
    meta = dict(converted_from=[file.name for file in files], **converter.describe(weights))
    if audio is not None:
        if any(name.startswith(AUDIO_PREFIX) for name in state_dict):
            raise ValueError(f'{source} holds its audio backbone already; convert it without {audio[1].name}')
        extra, audio_report = audio[0].convert(_read(audio[1]))
        state_dict.update({f'{AUDIO_PREFIX}{name}': value for name, value in extra.items()})
        report.mapped.update({old: f'{AUDIO_PREFIX}{new}' for old, new in audio_report.mapped.items()})
        report.dropped.update(audio_report.dropped)
        report.missing += [f'{AUDIO_PREFIX}{name}' for name in audio_report.missing]
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state_dict, meta=meta), target)
    return report


def _read(path: Path) -> StateDict:
    try:
        return unwrap_state_dict(load_file_safely(str(path), map_location='cpu'))
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
