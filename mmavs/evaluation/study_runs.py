"""Training and testing the runs of a study, each in processes of its own, so that it can be interrupted and continued."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine import Config

from mmavs.engine import find_resume_checkpoint
from mmavs.utils.provenance import git_commit

from .clip_scores import ClipScores
from .study import Study, StudyEntry, scoring_digest, training_digest
from .study_report import Scores

# Large tensors come and go in every step; without these two, glibc gives their memory back each time and fetches it anew,
# which took a tenth of a training step (docs/en/studies.md).
ALLOCATOR = dict(MALLOC_MMAP_THRESHOLD_=str(2**30), MALLOC_TRIM_THRESHOLD_=str(2**32))
LOG_TAIL = 15


@dataclass
class StudyRun:
    """One entry with one seed.

    Attributes:
        entry: The entry.
        cfg: Its resolved config.
        seed: The seed.
        folder: Work dir of the training; ``run.json`` says what is done, ``eval`` holds the scores.
        digest: See :func:`mmavs.evaluation.study.training_digest`.
        source: The run whose weights this one starts from.
    """

    entry: StudyEntry
    cfg: Config
    seed: int
    folder: Path
    digest: str
    source: 'StudyRun | None' = None
    state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = self.folder / 'run.json'
        if path.is_file():
            self.state = json.loads(path.read_text())
        if self.state.get('training_digest', self.digest) != self.digest:
            raise ValueError(
                f'{self.folder} was trained with another config of {self.entry.name!r}; give the entry another name, choose '
                'another --work-dir, or delete the folder'
            )

    @property
    def conditions(self) -> list[str]:
        """Conditions to test."""
        names = self.entry.conditions
        return list(self.cfg.get('conditions', {}) if names is None else names)

    @property
    def checkpoint(self) -> Path:
        """The final weights.

        Raises:
            ValueError: The run is not finished.
        """
        if not self.is_trained():
            raise ValueError(f'{self.folder} is not trained to the end')
        return self.folder / self.state['checkpoint']

    def is_trained(self) -> bool:
        """Whether the training has ended and its weights are there."""
        return 'checkpoint' in self.state and (self.folder / self.state['checkpoint']).is_file()

    def is_scored(self) -> bool:
        """Whether the scores of all conditions belong to the weights and the config."""
        wanted = scoring_digest(self.cfg, self.conditions)
        files = [self._scores_file(name) for name in self.conditions]
        return self.state.get('scoring_digest') == wanted and all(file.is_file() for file in files)

    def scores(self) -> dict[str, ClipScores]:
        """Scores of the single clips, by condition."""
        return {name: ClipScores.load(self._scores_file(name)) for name in self.conditions}

    def _scores_file(self, condition: str) -> Path:
        return self.folder / 'eval' / f'{condition}.npz'

    def _remember(self, **state: Any) -> None:
        self.state.update(training_digest=self.digest, **state)
        _write(self.folder / 'run.json', json.dumps(self.state, indent=1))

    def train(self, tools: Path, config: Path) -> None:
        """Train to the end, from where an earlier call was interrupted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remember(seed=self.seed, commit=git_commit(tools))
        started = time.time()
        command = ['train.py', config, '--work-dir', self.folder, '--seed', self.seed, '--resume']
        if self.source is not None:
            command += ['--cfg-options', f'load_from={self.source.checkpoint}']
        run_tool_process(tools, command, self.folder / 'train.log')
        self._remember(
            checkpoint=Path(find_resume_checkpoint(self.folder)).name,
            train_seconds=round(self.state.get('train_seconds', 0) + time.time() - started),
        )

    def score(self, tools: Path, config: Path) -> None:
        """Test all conditions."""
        out = self.folder / 'eval'
        command = [
            'evaluate_conditions.py',
            config,
            self.checkpoint,
            '--clip-scores',
            out,
            '--out',
            out / 'metrics.json',
        ]
        run_tool_process(tools, [*command, '--conditions', *self.conditions], self.folder / 'eval.log')
        self._remember(scoring_digest=scoring_digest(self.cfg, self.conditions))


def _write(path: Path, text: str) -> None:
    """Write a file that another process may be reading."""
    partial = path.with_name(f'.{path.name}.partial')
    partial.write_text(text)
    os.replace(partial, path)


def run_tool_process(tools: Path, command: Sequence[Any], log: Path) -> None:
    """Run ``tools/COMMAND`` with this Python; what it prints is appended to ``log``.

    The folder of the log is locked as long as the process lives, also where it outlives this one: two trainings in one folder
    would spoil each other.

    Raises:
        ValueError: It fails (the end of the log is in the message), or another process works in the folder.
    """
    env = {'OMP_NUM_THREADS': '1', **ALLOCATOR, **os.environ}
    arguments = [sys.executable, str(tools / command[0]), *map(str, command[1:])]
    with log.open('a') as file, (log.parent / '.lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f'another process works in {log.parent} (of an earlier call that was killed, perhaps); wait for it or end it'
            ) from error
        output = dict(stdout=file, stderr=subprocess.STDOUT)
        try:
            done = subprocess.run(arguments, env=env, pass_fds=(lock.fileno(),), check=False, **output)
        finally:
            # closing is not enough: a process that another thread is starting right now holds a copy of the file
            fcntl.flock(lock, fcntl.LOCK_UN)
    if done.returncode:
        tail = '\n'.join(log.read_text(errors='replace').splitlines()[-LOG_TAIL:])
        raise ValueError(f'{command[0]} ended with code {done.returncode}; the end of {log}:\n{tail}')


@dataclass
class StudyPlan:
    """All runs of a study.

    Attributes:
        stages: Runs by stage, those of the first seed first; a run needs those of the stages before it only.
        configs: File with the resolved config of each entry.
    """

    stages: list[list[StudyRun]]
    configs: dict[str, Path]

    @property
    def runs(self) -> list[StudyRun]:
        """All runs in order."""
        return [run for stage in self.stages for run in stage]

    def scores(self) -> Scores:
        """Scores of the runs that are tested, by entry, seed and condition."""
        return {
            (run.entry.name, run.seed, name): clips
            for run in self.runs
            if run.is_trained() and run.is_scored()
            for name, clips in run.scores().items()
        }


def plan_study(study: Study, work_dir: Path) -> StudyPlan:
    """Lay out all runs and write the resolved configs.

    Args:
        study: The study.
        work_dir: Each run gets the folder ``ENTRY/seed_SEED`` in it.

    Raises:
        ValueError: A folder holds a run of another config.
    """
    runs: dict[tuple[str, int], StudyRun] = {}
    configs: dict[str, Path] = {}
    stages = []
    for stage in study.stages():
        for entry in stage:
            cfg = entry.load()
            source = runs[entry.init_from, study.seeds[0]].digest if entry.init_from else None
            digest = training_digest(cfg, source)
            for seed in study.seeds:
                origin = runs[entry.init_from, seed] if entry.init_from else None
                folder = work_dir / entry.name / f'seed_{seed}'
                runs[entry.name, seed] = StudyRun(entry, cfg, seed, folder, digest, origin)
            configs[entry.name] = work_dir / entry.name / f'{Path(entry.config).stem}.py'
            configs[entry.name].parent.mkdir(parents=True, exist_ok=True)
            _write(configs[entry.name], cfg.pretty_text)
        stages.append([runs[entry.name, seed] for seed in study.seeds for entry in stage])
    return StudyPlan(stages, configs)


def run_all(plan: StudyPlan, tools: Path, jobs: int = 1, report: Callable[[], object] = lambda: None) -> None:
    """Train and test what is not done yet.

    Args:
        plan: From :func:`plan_study`.
        tools: Folder of ``train.py`` and ``evaluate_conditions.py``.
        jobs: Processes at a time.
        report: Called after every stage.

    Raises:
        ValueError: A process fails; what runs at that time is finished first.
    """
    total = len(plan.runs)

    def work(number: int, run: StudyRun) -> None:
        title, config = f'[{number}/{total}] {run.entry.name} seed {run.seed}', plan.configs[run.entry.name]
        done = []
        if not run.is_trained():
            print(f'{title}: training, log in {run.folder / "train.log"}', flush=True)
            run.train(tools, config)
            done.append(f'trained in {run.state["train_seconds"]} s')
        if run.conditions and not run.is_scored():
            run.score(tools, config)
            done.append(f'tested on {", ".join(run.conditions)}')
        print(f'{title}: {", ".join(done) or "done already"}', flush=True)

    number = 0
    for stage in plan.stages:
        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(work, number + i, run) for i, run in enumerate(stage, 1)]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        number += len(stage)
        report()
