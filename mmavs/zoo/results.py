"""Measured results of the zoo, read from the logs in ``docs/results``."""

import json
import math
from pathlib import Path
from typing import Any

import yaml

from mmavs.evaluation.study import read_study

from .index import INDEX_FILE, ModelIndex, Run, model_name, read_model_index

METAFILE = 'metafile.yml'
RESULTS = 'docs/results'
STUDIES = 'tools/analysis_tools/studies'
STUDY_LOG = 'RESULT.json'
TASK = 'Audio-Visual Segmentation'
STUDY_METRICS = {'J': 'J', 'F': 'F', 'FP_rate_empty': 'FP_rate_empty'}
CONDITION_METRICS = {'J': 'avs/J_frame', 'F': 'avs/F_max_exact', 'FP_rate_empty': 'avs/FP_rate_empty'}
DIGITS = 6
TRAINING_DATA = {
    **{'s4': 'AVSBench-S4', 'ms3': 'AVSBench-MS3', 'avss': 'AVSBench-AVSS'},
    **{f'{name}-robust': f'AVSBench-Robust-{name.upper()}' for name in ('s4', 'ms3')},
    **{f'vpo-{name}': f'VPO-{name.upper()}' for name in ('ss', 'ms', 'msmi')},
    **{f'vpo-{name}-stereo': f'VPO-{name.upper()}-stereo' for name in ('ss', 'ms', 'msmi')},
}
"""What the last part of a config's name says; ``avstamps-*`` is AVStamps."""

Results = dict[str, list[dict[str, Any]]]


def refresh_metafiles(root: str | Path) -> dict[Path, str]:
    """Return the text that every metafile should have: hand-written fields kept, ``Results`` and study runs from the logs.

    A study of ``docs/results`` belongs to the study file of the same name; its entries without own options are results of their
    configs. Where a config was measured in several studies under one condition, the run with most seeds counts.

    Args:
        root: Checkout.

    Raises:
        FileNotFoundError: A log or a study file does not exist.
        ValueError: A config is in a folder without metafile or trains on data that its name does not tell, or a log lacks
            what is needed.
    """
    root = Path(root)
    index = read_model_index(root)
    added = {path: [] for path in index.metafiles}
    for fields in unlisted_models(index):
        added[root / Path(fields['Config']).parent / METAFILE].append(fields)
    models = {model.config: (model.name, model.training_data) for model in index.models.values()}
    for fields in (fields for items in added.values() for fields in items):
        models[fields['Config']] = (fields['Name'], fields['Metadata']['Training Data'])
    runs = {name: run for name, run in index.runs.items() if run.study is None}
    found: Results = {}
    for path in sorted((root / RESULTS).glob(f'*/{STUDY_LOG}')):
        run, results = _read_study_log(root, path, models)
        runs[run.name] = run
        _merge(found, results)
    for run in index.runs.values():
        if run.model is not None:
            data = index.models[run.model].training_data
            _merge(found, {run.model: _read_conditions(root, run, data)})
    return {path: _metafile_text(path, added[path], found, runs) for path in index.metafiles}


def unlisted_models(index: ModelIndex) -> list[dict[str, Any]]:
    """Return the entries of configs that no metafile lists.

    Raises:
        ValueError: A config is in a folder without metafile, or its name does not tell what it trains on.
    """
    listed = {model.config for model in index.models.values()}
    configs = (path.relative_to(index.root).as_posix() for path in (index.root / 'configs').rglob('*.py'))
    entries = []
    for config in sorted(c for c in configs if not c.startswith('configs/_base_/') and c not in listed):
        metafile = index.root / Path(config).parent / METAFILE
        if metafile not in index.metafiles:
            raise ValueError(f'{config} has no metafile: write {metafile} and name it in {index.root / INDEX_FILE}')
        collections = yaml.safe_load(metafile.read_text(encoding='utf-8'))['Collections']
        data = Path(config).stem.rpartition('_')[2]
        known = (
            f'AVStamps-{data.removeprefix("avstamps-")}' if data.startswith('avstamps-') else TRAINING_DATA.get(data)
        )
        if known is None or len(collections) != 1:
            raise ValueError(f'{config} must be added to {metafile} by hand: its data or its collection is not clear')
        fields = {'Name': model_name(collections[0], config), 'In Collection': collections[0]['Name']}
        entries.append({**fields, 'Config': config, 'Metadata': {'Training Data': known}})
    return entries


def _merge(found: Results, results: Results) -> None:
    for name, items in results.items():
        best = {item['Condition']: item for item in found.get(name, [])}
        for item in items:
            other = best.get(item['Condition'])
            if other is None or len(item['Seeds']) > len(other['Seeds']):
                best[item['Condition']] = item
        found[name] = list(best.values())


def _read_study_log(root: Path, path: Path, models: dict[str, tuple[str, str]]) -> tuple[Run, Results]:
    """Read one ``RESULT.json``."""
    name = path.parent.name
    study_file = root / STUDIES / f'{name}.py'
    if not study_file.is_file():
        raise FileNotFoundError(f'{path} has no study file {study_file}, which says what its entries are')
    log = json.loads(path.read_text())
    configs = {entry.name: entry.config for entry in read_study(study_file).entries if not entry.cfg_options}
    results: Results = {}
    for method, condition in dict.fromkeys((row['method'], row['condition']) for row in log['rows']):
        if method not in configs:
            continue  # an entry with options of its own is not what its config is
        config = f'configs/{configs[method]}'
        if config not in models:
            raise ValueError(f'{path}: the config {config} of {method!r} is in no metafile of {INDEX_FILE}')
        rows = [row for row in log['rows'] if (row['method'], row['condition']) == (method, condition)]
        metrics = {key: _mean([row[column] for row in rows]) for key, column in STUDY_METRICS.items()}
        model, data = models[config]
        item = _result(name, condition, _data_set(data, condition), metrics, [row['seed'] for row in rows])
        results.setdefault(model, []).append(item)
    facts = log['facts']
    run = Run(
        name=name,
        log=path.relative_to(root).as_posix(),
        seeds=tuple(int(seed) for seed in facts['seeds'].split(',')),
        commits=tuple(commit.strip() for commit in facts['commits of the trainings'].split(',')),
        date=facts['date'],
        hardware=facts['machine'],
        study=study_file.relative_to(root).as_posix(),
    )
    return run, results


def _read_conditions(root: Path, run: Run, data: str) -> list[dict[str, Any]]:
    """Read a file of ``tools/evaluate_conditions.py``."""
    path = root / run.log
    if not path.is_file():
        raise FileNotFoundError(f'the run {run.name!r} names the log {run.log}, which does not exist below {root}')
    log = json.loads(path.read_text())
    missing = sorted(set(run.conditions) - set(log))
    if missing or not run.conditions:
        raise ValueError(f'{path} has the conditions {sorted(log)}; the run {run.name!r} asks for {missing or "none"}')
    results = []
    for condition, test_set in run.conditions.items():
        metrics = {key: _mean([log[condition][column]]) for key, column in CONDITION_METRICS.items()}
        results.append(_result(run.name, condition, _data_set(data, test_set), metrics, list(run.seeds)))
    return results


def _data_set(training_data: str, test_set: str) -> str:
    """Name of a test set: that of the family the model is trained on (``AVStamps-s4``), then the condition."""
    return f'{training_data.partition("-")[0]}-{test_set}'


def _result(
    run: str, condition: str, data_set: str, metrics: dict[str, float | None], seeds: list[int]
) -> dict[str, Any]:
    return {
        'Task': TASK,
        'Dataset': data_set,
        'Metrics': {key: value for key, value in metrics.items() if value is not None},
        'Seeds': seeds,
        'Run': run,
        'Condition': condition,
    }


def _mean(values: list[float | None]) -> float | None:
    """Mean over seeds, ``None`` where the test set has no frame that the metric counts."""
    if any(value is None or math.isnan(value) for value in values):
        return None
    return round(sum(values) / len(values), DIGITS)


def _metafile_text(path: Path, added: list[dict[str, Any]], found: Results, runs: dict[str, Run]) -> str:
    content = yaml.safe_load(path.read_text(encoding='utf-8'))
    content['Models'] += added
    used = set()
    for model in content['Models']:
        model.pop('Results', None)
        if model['Name'] in found:
            model['Results'] = found[model['Name']]
            used |= {item['Run'] for item in found[model['Name']]}
    own = {run['Name']: run for run in content.pop('Runs', [])}
    kept = [own[name] if runs[name].study is None else _run_fields(runs[name]) for name in sorted(used)]
    if kept:
        content['Runs'] = kept
    order = [key for key in ('Collections', 'Runs', 'Models') if key in content]
    return yaml.safe_dump(
        {key: content[key] for key in order}, sort_keys=False, allow_unicode=True, width=140, default_flow_style=None
    )


def _run_fields(run: Run) -> dict[str, Any]:
    return {
        'Name': run.name,
        'Log': run.log,
        'Study': run.study,
        'Seeds': list(run.seeds),
        'Commits': list(run.commits),
        'Date': run.date,
        'Hardware': run.hardware,
    }
