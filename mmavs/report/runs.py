"""Work dirs: what was trained, which weights it has, and which test results lie beside them."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine import Config

from mmavs.engine import find_resume_checkpoint
from mmavs.evaluation.clip_scores import ClipScores
from mmavs.evaluation.study import scoring_digest
from mmavs.utils.config import load_config

WEIGHTS = ('last', 'best')
TEST = 'test'  # the test data set of a config as it is
STUDY_STATE = 'run.json'
STORE = 'compare'


@dataclass(frozen=True)
class SetResult:
    """One model on one test set.

    Attributes:
        scores: Scores of the single clips.
        metrics: Metrics of the whole set.
        truth: ``{clip_id: digest of its masks}`` at the time of the test; ``None`` where nobody has noted it.
    """

    scores: ClipScores
    metrics: dict[str, float]
    truth: dict[str, str] | None = None


class TrainedRun:
    """A work dir of ``tools/train.py``.

    Test results are kept in ``WORK_DIR/compare``, one pair of files per test set, with what they depend on: digests of the
    weights and of the test part of the config. Results that do not belong to both are not used.

    Args:
        folder: The work dir.
        name: Name on the page; by default that of the folder.
        weights: ``'last'`` or ``'best'``.
        cfg_options: Overrides of config keys, as ``--cfg-options`` takes them.

    Attributes:
        cfg: The resolved config.
        checkpoint: The weights.
        gaps: Sentences about what is missing.

    Raises:
        FileNotFoundError: There is no such folder, or it holds no config or no usable checkpoint.
        ValueError: Several configs, several best checkpoints, or a config without a test set.
    """

    def __init__(
        self,
        folder: str | Path,
        name: str | None = None,
        *,
        weights: str = 'last',
        cfg_options: dict[str, Any] | None = None,
    ) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileNotFoundError(f'{folder} is no folder; give work dirs of tools/train.py or run_study.py')
        if weights not in WEIGHTS:
            raise ValueError(f'weights must be one of {WEIGHTS}, got {weights!r}')
        self.name = name or self.default_name
        self.gaps: list[str] = []
        self.cfg = load_config(self._config_file(), cfg_options)
        for key in ('model', 'test_dataloader', 'test_evaluator'):
            if self.cfg.get(key) is None:
                raise ValueError(f'the config of {self.folder} has no {key}: there is nothing to test the model on')
        self.checkpoint = self._last() if weights == 'last' else self._best()

    @property
    def default_name(self) -> str:
        """Name where none is given; ``ENTRY/seed_0`` for a seed folder, whose own name says nothing."""
        folder = self.folder.resolve()
        return f'{folder.parent.name}/{folder.name}' if folder.name.startswith('seed_') else folder.name

    @property
    def label(self) -> str:
        """Name and folder, for messages."""
        return f'{self.name} ({self.folder})'

    def _config_file(self) -> Path:
        found = sorted(self.folder.glob('*.py'))
        if len(found) > 1:
            raise ValueError(
                f'{self.folder} holds several configs, {[p.name for p in found]}; keep that of its weights'
            )
        found = found or sorted(self.folder.glob('*/vis_data/config.py'))
        if not found:
            raise FileNotFoundError(
                f'{self.folder} holds no config (NAME.py): it is no work dir of tools/train.py or run_study.py'
            )
        return found[-1]

    def _last(self) -> Path:
        found = find_resume_checkpoint(self.folder)
        if found is None:
            raise FileNotFoundError(
                f'{self.folder} holds no complete checkpoint (epoch_*.pth or iter_*.pth): train it first'
            )
        return Path(found)

    def _best(self) -> Path:
        found = sorted(self.folder.glob('best_*.pth'))
        if len(found) != 1:
            raise ValueError(
                f'{self.folder} holds {len(found)} files best_*.pth, not one; take --weights last, or keep the one that is meant'
            )
        return found[0]

    @cached_property
    def checkpoint_digest(self) -> str:
        """SHA-256 of the file of the weights."""
        digest = hashlib.sha256()
        with self.checkpoint.open('rb') as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def main_test_set(self) -> str:
        """Name of the test set as the config has it: that of the condition which changes nothing, else ``'test'``."""
        return next((name for name, change in self.cfg.get('conditions', {}).items() if not change), TEST)

    def test_sets(self) -> list[str]:
        """Names of all test sets, the main one first."""
        return list(dict.fromkeys([self.main_test_set(), *self.cfg.get('conditions', {})]))

    def condition(self, test_set: str) -> tuple[Config, str]:
        """Config and name of the condition that is a test set; ``'test'`` always names the main one.

        Raises:
            ValueError: The config has no such test set.
        """
        name = self.main_test_set() if test_set == TEST and TEST not in self.cfg.get('conditions', {}) else test_set
        if name in self.cfg.get('conditions', {}):
            return self.cfg, name
        if name != TEST:
            raise ValueError(f'{self.label} has no test set {test_set!r}; its config has {self.test_sets()}')
        return Config({**self.cfg.to_dict(), 'conditions': {**self.cfg.get('conditions', {}), TEST: {}}}), TEST

    def _stamp(self, test_set: str) -> dict[str, str]:
        cfg, name = self.condition(test_set)
        return dict(weights=self.checkpoint_digest, test=scoring_digest(cfg, [name]))

    def stored(self, test_set: str) -> SetResult | None:
        """Return the result of an earlier test of these weights, ``None`` if there is none."""
        name = self.condition(test_set)[1]
        stamp = read_json(self.folder / STORE / f'{name}.json')
        scores = self.folder / STORE / f'{name}.npz'
        if stamp is None or not scores.is_file() or stamp.get('made_with') != self._stamp(test_set):
            return None
        return SetResult(ClipScores.load(scores), stamp['metrics'], stamp['truth'])

    def store(self, test_set: str, result: SetResult) -> None:
        """Keep a result in the work dir."""
        name = self.condition(test_set)[1]
        stamp = self.folder / STORE / f'{name}.json'
        stamp.unlink(missing_ok=True)  # a process killed between the two files must not leave a pair that looks right
        result.scores.save(stamp.with_suffix('.npz'))
        content = dict(made_with=self._stamp(test_set), metrics=result.metrics, truth=result.truth)
        partial = stamp.with_name(f'.{stamp.name}.partial')
        partial.write_text(json.dumps(content))
        partial.replace(stamp)


class StudyRun(TrainedRun):
    """A run of ``tools/analysis_tools/run_study.py``: its own test results are used too, where they fit."""

    def _last(self) -> Path:
        name = (read_json(self.folder / STUDY_STATE) or {}).get('checkpoint')
        if name is not None and (self.folder / Path(name).name).is_file():
            return self.folder / Path(name).name
        self.gaps.append(f'{self.name}: the study has not trained this run to the end; its newest weights are shown')
        return super()._last()

    def stored(self, test_set: str) -> SetResult | None:
        """Return the result of an earlier test of these weights, by the study or by a comparison."""
        return self._of_the_study(test_set) or super().stored(test_set)

    def _of_the_study(self, test_set: str) -> SetResult | None:
        state = read_json(self.folder / STUDY_STATE) or {}
        metrics = read_json(self.folder / 'eval' / 'metrics.json') or {}
        cfg, name = self.condition(test_set)
        scores = self.folder / 'eval' / f'{name}.npz'
        # the study digests the names in the order in which it tests, which is that of the metrics
        fits = set(metrics) <= set(cfg.get('conditions', {})) and state.get('scoring_digest') == scoring_digest(
            cfg, list(metrics)
        )
        if state.get('checkpoint') != self.checkpoint.name or name not in metrics or not scores.is_file() or not fits:
            return None
        return SetResult(ClipScores.load(scores), metrics[name])


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; ``None`` where there is none, or an unfinished one: it says nothing."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return content if isinstance(content, dict) else None


def open_runs(
    folders: Sequence[str | Path],
    names: Sequence[str] | None = None,
    *,
    weights: str = 'last',
    cfg_options: dict[str, Any] | None = None,
) -> list[TrainedRun]:
    """Open work dirs of ``tools/train.py`` and of ``tools/analysis_tools/run_study.py``.

    Args:
        folders: The work dirs.
        names: One name each; by default those of the folders.
        weights: ``'last'`` or ``'best'``.
        cfg_options: Overrides for all configs.

    Raises:
        FileNotFoundError: See :class:`TrainedRun`.
        ValueError: See :class:`TrainedRun`; none or another number of names than folders, or names that are not different.
    """
    if names is not None and len(names) != len(folders):
        raise ValueError(f'{len(folders)} work dirs need as many names, got {len(names)}: {list(names)}')
    runs = []
    for folder, name in zip(folders, names or [None] * len(folders), strict=True):
        kind = StudyRun if (Path(folder) / STUDY_STATE).is_file() else TrainedRun
        runs.append(kind(folder, name, weights=weights, cfg_options=cfg_options))
    repeated = [name for name, count in Counter(run.name for run in runs).items() if count > 1]
    if repeated or not runs:
        raise ValueError(f'models need names that differ, got {[run.name for run in runs]}; choose others with --names')
    return runs
