"""What all converters share: safe reading, key accounting, the report."""

import re
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from mmavs.compat import load_file_safely
from mmavs.models.pretrained import unwrap_state_dict

StateDict = dict[str, Tensor]


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


def convert_file(converter: Converter, source: Path, target: Path) -> ConversionReport:
    """Convert a checkpoint file; the source is read without running code from it.

    Args:
        converter: One of ``CONVERTERS``.
        source: Official file: a state dict, also inside ``state_dict``/``model``, also with ``module.`` in front.
        target: Written as ``dict(state_dict=..., meta=...)``, which mmengine loads.

    Raises:
        FileNotFoundError: ``source`` does not exist.
        ValueError: ``source`` is not safe to load, is not of this method, or does not fit.
    """
    state_dict, report = converter.convert(unwrap_state_dict(load_file_safely(str(source), map_location='cpu')))
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state_dict, meta=dict(converted_from=source.name)), target)
    return report
