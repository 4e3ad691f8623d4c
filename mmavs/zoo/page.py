"""The zoo as a Markdown page."""

from typing import Any

from .index import ModelEntry, ModelIndex, Run

HEAD = """# Model zoo

<!-- Written by tools/misc/write_model_zoo.py from model-index.yml and the metafiles. Do not edit by hand. -->

Two kinds of numbers stand here, in tables of their own:

- **Measured**: by this code, from a log in the repository. The last section names seeds, commits, date, machine and log.
  J (mean IoU per frame) and F (best F-measure of the test set over thresholds) are fractions and means over seeds. Single seeds
  and intervals are in the logs.
- **Published**: copied from the page named in the table, in percent, not measured here. A yardstick for runs on AVSBench.

AVStamps is composed from public pictures and sounds ([avstamps.md](avstamps.md)); numbers on it say nothing about AVSBench. In
the columns `*_shuffled`, `*_silence`, `*_noise` and `*_offscreen` the sound is wrong and the true masks are kept: low is good.
`mmavs list` prints the models, `mmavs download NAME` writes the resolved config, `mmavs train NAME` trains ([mim.md](mim.md)).
"""


def render_page(index: ModelIndex) -> str:
    """Render the page.

    Args:
        index: The index; links are relative to ``docs/en``.

    Returns:
        Markdown that ends with a line break.
    """
    parts = [HEAD, _overview(index)]
    for name, fields in index.collections.items():
        models = [model for model in index.models.values() if model.collection == name]
        parts.append('\n\n'.join([f'## {name}', *_introduction(fields), _config_table(models)]))
        parts += _measured_tables(models) + _published_table(models)
    parts.append(_run_table(index.runs))
    return '\n\n'.join(part.strip('\n') for part in parts) + '\n'


def _overview(index: ModelIndex) -> str:
    rows = []
    for name in index.collections:
        models = [model for model in index.models.values() if model.collection == name]
        counts = [sum(bool(value) for value in values) for values in zip(*map(_facts, models), strict=True)]
        rows.append([f'[{name}](#{_anchor(name)})', str(len(models)), *map(str, counts)])
    return _table(['collection', 'configs', 'measured', 'with published numbers', 'with weights'], rows, '-rrrr')


def _facts(model: ModelEntry) -> tuple[Any, ...]:
    return model.results, model.published, model.weights


def _introduction(fields: dict[str, Any]) -> list[str]:
    paper, code, readme = fields.get('Paper'), fields.get('Code'), fields.get('README')
    parts = []
    if paper:
        title = f'[{paper["Title"]}]({paper["URL"]})' if 'URL' in paper else f'*{paper["Title"]}*'
        parts.append(f'Paper: {title}.')
    if code:
        parts.append(f'Code of its authors: <{code["URL"]}>.')
    if readme:
        parts.append(f'[Notes and recipe](../../{readme}).')
    return [part for part in ('\n'.join(parts), fields.get('Remark', '')) if part]


def _config_table(models: list[ModelEntry]) -> str:
    rows = [[_link(model), model.training_data] for model in models]
    head = ['config', 'training data']
    if any(model.weights for model in models):
        head.append('weights')
        rows = [
            [*row, f'[weights]({model.weights})' if model.weights else '–']
            for row, model in zip(rows, models, strict=True)
        ]
    return _table(head, rows)


def _link(model: ModelEntry) -> str:
    return f'[{model.name}](../../{model.config})'


def _measured_tables(models: list[ModelEntry]) -> list[str]:
    """One table per training data: models down, test sets across."""
    parts = []
    for data in dict.fromkeys(model.training_data for model in models if model.results):
        here = [model for model in models if model.training_data == data and model.results]
        sets = list(dict.fromkeys(result['Dataset'] for model in here for result in model.results))
        rows = []
        for model in here:
            cells = {result['Dataset']: _scores(result['Metrics']) for result in model.results}
            seeds = sorted({len(result['Seeds']) for result in model.results})
            runs = list(dict.fromkeys(result['Run'] for result in model.results))
            facts = ['–'.join(map(str, seeds)), ', '.join(f'[{run}](#{_anchor(run)})' for run in runs)]
            rows.append([_link(model), *(cells.get(name, '–') for name in sets), *facts])
        head = ['config', *(name.partition('-')[2] for name in sets), 'seeds', 'run']
        title = f'**Measured: trained on {data}, J / F on test sets of {data.partition("-")[0]}**'
        parts.append(title + '\n\n' + _table(head, rows, '-' + 'r' * (len(sets) + 1) + '-'))
    return parts


def _scores(metrics: dict[str, float]) -> str:
    return f'{metrics["J"]:.3f} / {metrics["F"]:.3f}'


def _published_table(models: list[ModelEntry]) -> list[str]:
    rows = []
    for model in models:
        for item in model.published:
            metrics = item['Metrics']
            cells = [item['Dataset'], f'{metrics["J"]:.2f}', f'{metrics["F"]:.2f}', str(item['Input'])]
            rows.append([_link(model), *cells, f'<{item["Source"]}>', item.get('Remark', '')])
    if not rows:
        return []
    head = ['config of the same setting', 'data', 'J [%]', 'F [%]', 'input', 'source', 'remark']
    return ['**Published: not measured here**\n\n' + _table(head, rows, '--rrr--')]


def _run_table(runs: dict[str, Run]) -> str:
    parts = ['## Runs', 'What stands behind the measured numbers. A study trains each of its entries with every seed.']
    for name, run in sorted(runs.items()):
        lines = [f'### {name}', '', f'- log: [{run.log}](../../{run.log})']
        if run.study is not None:
            lines.append(f'- study: [{run.study}](../../{run.study})')
        lines += [
            f'- seeds: {", ".join(map(str, run.seeds))}; commits: {", ".join(run.commits)}; date: {run.date}',
            f'- machine: {run.hardware}',
        ]
        if run.remark:
            lines.append(f'- remark: {run.remark}')
        parts.append('\n'.join(lines))
    return '\n\n'.join(parts)


def _anchor(name: str) -> str:
    """Return what GitHub makes of a heading."""
    return ''.join(c for c in name.lower().replace(' ', '-') if c.isalnum() or c in '-_')


def _table(head: list[str], rows: list[list[str]], align: str = '') -> str:
    marks = ['---:' if i < len(align) and align[i] == 'r' else '---' for i in range(len(head))]
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in [head, marks, *rows])
