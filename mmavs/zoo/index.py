"""Reading ``model-index.yml`` and the metafiles it imports, strictly."""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mmavs.apis.model_zoo import config_root, resolve_config

INDEX_FILE = 'model-index.yml'
METAFILE_KEYS = {'Collections', 'Models', 'Runs'}
COLLECTION_KEYS = {'Name', 'Prefix', 'Metadata', 'Paper', 'README', 'Code', 'Remark'}
MODEL_KEYS = {'Name', 'In Collection', 'Config', 'Metadata', 'Results', 'Published', 'Weights'}
RUN_KEYS = {'Name', 'Log', 'Study', 'Model', 'Conditions', 'Seeds', 'Commits', 'Date', 'Hardware', 'Remark'}
RESULT_KEYS = {'Task', 'Dataset', 'Metrics', 'Seeds', 'Run', 'Condition'}
PUBLISHED_KEYS = {'Dataset', 'Metrics', 'Input', 'Source', 'Remark'}
OPTIONAL_KEYS = {
    *('Runs', 'Prefix', 'Code', 'Remark', 'Metadata', 'Paper', 'README'),
    *('Results', 'Published', 'Weights', 'Study', 'Model', 'Conditions'),
}


@dataclass(frozen=True)
class Run:
    """Where measured numbers come from.

    Attributes:
        name: Name that results refer to.
        log: File with the numbers, relative to the checkout (not part of a wheel).
        seeds: Random seeds.
        commits: Short hashes of the code that trained.
        date: ISO date, with the time where the log has it.
        hardware: Machine and versions.
        study: Study file that trained it; ``None`` for a single run.
        model: Name of the model, for a single run.
        conditions: ``{condition in the log: name of the test set}``, for a single run.
        remark: What a reader must know about it.
    """

    name: str
    log: str
    seeds: tuple[int, ...]
    commits: tuple[str, ...]
    date: str
    hardware: str
    study: str | None = None
    model: str | None = None
    conditions: dict[str, str] = field(default_factory=dict)
    remark: str = ''


@dataclass(frozen=True)
class ModelEntry:
    """One model of the zoo.

    Attributes:
        name: Unique name.
        collection: Name of its collection.
        config: Path below the root of the index (``configs/tpavi/tpavi_r50_s4.py``).
        metafile: File that lists it.
        training_data: Data set it is trained on.
        results: Measured results: ``Task``, ``Dataset``, ``Metrics`` (fractions), ``Seeds``, ``Run``, ``Condition``.
        published: Numbers of papers: ``Dataset``, ``Metrics`` (percent), ``Input``, ``Source``; never measured here.
        weights: URL of a checkpoint, ``None`` without one.
    """

    name: str
    collection: str
    config: str
    metafile: Path
    training_data: str
    results: tuple[dict[str, Any], ...] = ()
    published: tuple[dict[str, Any], ...] = ()
    weights: str | None = None

    @property
    def config_name(self) -> str:
        """Name of the config as the tools take it (``tpavi/tpavi_r50_s4.py``)."""
        return self.config.removeprefix('configs/')


@dataclass(frozen=True)
class ModelIndex:
    """All models, collections and runs.

    Attributes:
        root: Folder of ``model-index.yml``; configs are relative to it.
        metafiles: The imported files.
        collections: ``{name: fields}``, in the order of the files.
        models: ``{name: entry}``.
        runs: ``{name: run}``.
    """

    root: Path
    metafiles: tuple[Path, ...]
    collections: dict[str, dict[str, Any]]
    models: dict[str, ModelEntry]
    runs: dict[str, Run]

    def find(self, name: str) -> ModelEntry:
        """Return a model by its name, its config's name, or its config's file name, with or without ``.py``.

        Raises:
            ValueError: No model has that name (the nearest ones are named), or the file name belongs to several.
        """
        if name in self.models:
            return self.models[name]
        wanted = name.removesuffix('.py')
        found = [m for m in self.models.values() if wanted in (m.config_name.removesuffix('.py'), Path(m.config).stem)]
        if len(found) == 1:
            return found[0]
        if found:
            names = [model.config_name for model in found]
            raise ValueError(f'{name!r} belongs to several models: {names}; give the name with its folder')
        near = difflib.get_close_matches(wanted, self.models, n=4, cutoff=0.4)
        raise ValueError(f'no model is called {name!r}; near: {near}. "mmavs list" shows all {len(self.models)}')

    def find_config(self, name: str) -> Path:
        """Return the file of a config given by path, by config name or by model name.

        Raises:
            ValueError: There is no such file and no such model.
        """
        try:
            return resolve_config(name)
        except FileNotFoundError:
            return self.root / self.find(name).config


def read_model_index(root: str | Path | None = None) -> ModelIndex:
    """Read the index of a checkout or of an installed package.

    Args:
        root: Folder of ``model-index.yml``; ``None``: the one that belongs to the imported package.

    Raises:
        FileNotFoundError: The index, a metafile, a config or a README does not exist.
        ValueError: A key is missing or unknown, a name is used twice, or a reference leads nowhere.
    """
    root = config_root().parent if root is None else Path(root)
    imports = _load(root / INDEX_FILE).get('Import')
    if not isinstance(imports, list):
        raise ValueError(f'{root / INDEX_FILE} must have "Import": a list of metafiles')
    metafiles = tuple(root / path for path in imports)
    collections: dict[str, dict[str, Any]] = {}
    models: dict[str, ModelEntry] = {}
    runs: dict[str, Run] = {}
    for path in metafiles:
        content = _load(path)
        check_keys(content, METAFILE_KEYS, str(path))
        for fields in content['Collections']:
            check_keys(fields, COLLECTION_KEYS, f'{path}: a collection')
            _add(collections, fields['Name'], fields, path)
            _check_file(root, fields.get('README'), path)
        for fields in content.get('Runs', []):
            run = _read_run(fields, path)
            if runs.setdefault(run.name, run) != run:
                raise ValueError(f'{path}: the run {run.name!r} is described differently in another metafile')
        for fields in content['Models']:
            model = _read_model(fields, path)
            _add(models, model.name, model, path)
            _check_file(root, model.config, path)
    index = ModelIndex(root, metafiles, collections, models, runs)
    _check_references(index)
    return index


def check_keys(fields: Any, known: set[str], where: str) -> None:
    """Check that a mapping has the needed keys and no other.

    Raises:
        ValueError: It is no mapping, or has missing or unknown keys.
    """
    if not isinstance(fields, dict):
        raise ValueError(f'{where} must be a mapping with {sorted(known)}, got {fields!r}')
    missing, unknown = sorted(known - OPTIONAL_KEYS - set(fields)), sorted(set(fields) - known)
    if missing or unknown:
        raise ValueError(f'{where} {fields.get("Name", "")!r}: missing keys {missing}, unknown keys {unknown}')


def model_name(collection: dict[str, Any], config: str) -> str:
    """Return the name of a config's model: its file name behind the ``Prefix`` of the collection, if that has one."""
    return collection.get('Prefix', '') + Path(config).stem


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist; it belongs to the model index')
    content = yaml.safe_load(path.read_text(encoding='utf-8'))
    if not isinstance(content, dict):
        raise ValueError(f'{path} must hold a mapping, got {type(content).__name__}')
    return content


def _add(known: dict[str, Any], name: str, value: Any, path: Path) -> None:
    if name in known:
        raise ValueError(f'{path}: the name {name!r} is used twice in the model index')
    known[name] = value


def _check_file(root: Path, name: str | None, path: Path) -> None:
    if name is not None and not (root / name).is_file():
        raise FileNotFoundError(f'{path} names {name}, which does not exist below {root}')


def _read_run(fields: dict[str, Any], path: Path) -> Run:
    check_keys(fields, RUN_KEYS, f'{path}: run')
    return Run(
        name=fields['Name'],
        log=fields['Log'],
        seeds=tuple(fields['Seeds']),
        commits=tuple(str(commit) for commit in fields['Commits']),
        date=str(fields['Date']),
        hardware=fields['Hardware'],
        study=fields.get('Study'),
        model=fields.get('Model'),
        conditions=fields.get('Conditions', {}),
        remark=fields.get('Remark', ''),
    )


def _read_model(fields: dict[str, Any], path: Path) -> ModelEntry:
    check_keys(fields, MODEL_KEYS, f'{path}: model')
    results, published = tuple(fields.get('Results', ())), tuple(fields.get('Published', ()))
    for items, known in ((results, RESULT_KEYS), (published, PUBLISHED_KEYS)):
        for item in items:
            check_keys(item, known, f'{path}: a result of {fields["Name"]}')
    data = (fields.get('Metadata') or {}).get('Training Data')
    if not isinstance(data, str):
        raise ValueError(f'{path}: {fields["Name"]} needs "Training Data" in its Metadata, got {data!r}')
    return ModelEntry(
        name=fields['Name'],
        collection=fields['In Collection'],
        config=fields['Config'],
        metafile=path,
        training_data=data,
        results=results,
        published=published,
        weights=fields.get('Weights'),
    )


def _check_references(index: ModelIndex) -> None:
    for model in index.models.values():
        if model.collection not in index.collections:
            known = list(index.collections)
            raise ValueError(f'{model.metafile}: {model.name} is in {model.collection!r}, collections are {known}')
        name = model_name(index.collections[model.collection], model.config)
        if model.name != name:
            raise ValueError(
                f'{model.metafile}: the model of {model.config} must be called {name!r}, got {model.name!r}'
            )
        for result in model.results:
            if result['Run'] not in index.runs:
                raise ValueError(
                    f'{model.metafile}: {model.name} names the run {result["Run"]!r}, which no metafile has'
                )
    for run in index.runs.values():
        if (run.study is None) == (run.model is None):
            raise ValueError(f'the run {run.name!r} needs either "Study" or "Model"')
        if run.model is not None and run.model not in index.models:
            raise ValueError(f'the run {run.name!r} names the model {run.model!r}, which no metafile has')
