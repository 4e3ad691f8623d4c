"""What a study trains: its entries, and what makes a finished run belong to one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine import Config

from mmavs.datasets.frozen_parts import config_digest
from mmavs.utils.config import load_config

TRAINING_KEYS = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'custom_hooks')
TEST_KEYS = ('model', 'test_dataloader', 'test_evaluator', 'conditions')
STUDY_KEYS = ('study', 'seeds', 'reference', 'cfg_options')


@dataclass(frozen=True)
class StudyEntry:
    """One method (or one stage of its training).

    Attributes:
        name: Name in tables and folders.
        config: Path, or name in the zoo.
        cfg_options: ``{'a.b': value}`` as ``--cfg-options`` takes them.
        init_from: Name of an entry before this one; seed ``i`` starts from the weights of its seed ``i``.
        reference: Name of the entry that this one is compared with; ``None``: that of the study, if any.
        conditions: Conditions to test; ``None``: all of the config, ``()``: none.
    """

    name: str
    config: str
    cfg_options: dict[str, Any] = field(default_factory=dict)
    init_from: str | None = None
    reference: str | None = None
    conditions: tuple[str, ...] | None = None

    def load(self) -> Config:
        """Return the resolved config."""
        return load_config(self.config, self.cfg_options)


@dataclass(frozen=True)
class Study:
    """Entries in an order in which they can be trained.

    Attributes:
        entries: The entries.
        seeds: Seeds of every entry.
        reference: Name of the entry the others are compared with.

    Raises:
        ValueError: No entries or seeds, repeated names or seeds, or a name that is not that of an entry (before it).
    """

    entries: tuple[StudyEntry, ...]
    seeds: tuple[int, ...]
    reference: str | None = None

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.entries]
        if not names or len(set(names)) < len(names) or any('/' in name or name.startswith('.') for name in names):
            raise ValueError(f'a study needs entries whose names differ and can be folder names, got {names}')
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f'a study needs seeds that differ, got {self.seeds}')
        for i, entry in enumerate(self.entries):
            if entry.init_from is not None and entry.init_from not in names[:i]:
                raise ValueError(f'{entry.name}: init_from={entry.init_from!r} is not an entry before it: {names[:i]}')
        for name in {self.reference, *(entry.reference for entry in self.entries)} - {None}:
            if name not in names:
                raise ValueError(f'reference {name!r} is not an entry: {names}')

    def reference_of(self, entry: StudyEntry) -> str | None:
        """Name of the entry it is compared with, ``None`` for the reference itself."""
        name = entry.reference or self.reference
        return None if name == entry.name else name

    def stages(self) -> list[list[StudyEntry]]:
        """Entries by depth: each needs those of the lists before it only."""
        depth: dict[str, int] = {}
        for entry in self.entries:
            depth[entry.name] = 0 if entry.init_from is None else depth[entry.init_from] + 1
        return [
            [entry for entry in self.entries if depth[entry.name] == level] for level in range(max(depth.values()) + 1)
        ]


def read_study(
    path: str | Path | None,
    configs: Sequence[str] = (),
    *,
    seeds: Sequence[int] | None = None,
    reference: str | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> Study:
    """Read a study file, or make a study of configs.

    Args:
        path: Python file with ``study`` (list of dicts with the fields of :class:`StudyEntry`) and, optionally, ``seeds``,
            ``reference`` and ``cfg_options`` for all entries; or ``None``.
        configs: Instead of a file: configs, each an entry named after its file.
        seeds: Replaces the file's.
        reference: Replaces the file's.
        cfg_options: Added to those of every entry.

    Raises:
        ValueError: Both or none of ``path`` and ``configs``, or unknown keys in the file.
    """
    if (path is None) == (not configs):
        raise ValueError('give either a study file or --configs')
    if path is None:
        content: dict[str, Any] = dict(study=[dict(name=Path(config).stem, config=config) for config in configs])
    else:
        content = Config.fromfile(path).to_dict()
        if 'study' not in content:
            raise ValueError(f'{path} has no "study": a list of dicts with name, config and options')
    unknown = sorted(set(content) - set(STUDY_KEYS))
    if unknown:
        raise ValueError(f'{path} has unknown keys {unknown}; known: {list(STUDY_KEYS)}')
    shared = content.get('cfg_options', {})
    known = set(StudyEntry.__dataclass_fields__)
    entries = []
    for fields in content['study']:
        wrong = sorted(set(fields) - known)
        if wrong or not {'name', 'config'} <= set(fields):
            raise ValueError(f'a study entry has {sorted(known)}, name and config are needed; got {sorted(fields)}')
        fields = dict(fields, cfg_options={**shared, **fields.get('cfg_options', {}), **(cfg_options or {})})
        if fields.get('conditions') is not None:
            fields['conditions'] = tuple(fields['conditions'])
        entries.append(StudyEntry(**fields))
    return Study(tuple(entries), tuple(seeds or content.get('seeds', (0,))), reference or content.get('reference'))


def training_digest(cfg: Config, source: str | None) -> str:
    """What determines the weights of a run apart from its seed; ``source`` is the digest of the run it starts from."""
    return config_digest(source=source, **{key: cfg.get(key) for key in TRAINING_KEYS})


def scoring_digest(cfg: Config, conditions: Sequence[str]) -> str:
    """What determines the scores of given weights."""
    return config_digest(names=list(conditions), **{key: cfg.get(key) for key in TEST_KEYS})
