"""The command ``mmavs``: models by name, and the tools of the installed package from any folder."""

import argparse
import fnmatch
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine import Config

from mmavs.utils.cli import run_tool
from mmavs.zoo import ModelEntry, ModelIndex, read_model_index

CONFIG_TOOLS = ('train', 'test')
USAGE = """Models and tools of mmavs, from any folder.

  mmavs list [PATTERN]                   names of the models, their training data and whether they have weights
  mmavs download NAME ... [--dest DIR]   the resolved config DIR/NAME.py, and the weights of models that have some
  mmavs train NAME [OPTIONS]             tools/train.py; NAME is a model, a config's name or a file
  mmavs test NAME CHECKPOINT [OPTIONS]   tools/test.py
  mmavs run [TOOL [OPTIONS]]             any other tool, by file name; without TOOL the list of them

OPTIONS are those of the tool: mmavs train --help, mmavs run browse_dataset --help.
"""


def list_models(index: ModelIndex, args: Sequence[str]) -> int:
    """Print the models whose name matches."""
    parser = argparse.ArgumentParser(prog='mmavs list')
    parser.add_argument('pattern', nargs='?', default='*', help='glob pattern of names, such as "tpavi*"')
    pattern = parser.parse_args(args).pattern
    models = [model for model in index.models.values() if fnmatch.fnmatchcase(model.name, pattern)]
    if not models:
        raise ValueError(f'none of the {len(index.models)} models matches {pattern!r}')
    width = max(len(model.name) for model in models)
    for model in models:
        print(f'{model.name:{width}}  {model.training_data:16}  {"weights" if model.weights else "no weights"}')
    return 0


def download_models(index: ModelIndex, args: Sequence[str]) -> int:
    """Write the resolved configs of models, and download weights."""
    parser = argparse.ArgumentParser(prog='mmavs download')
    parser.add_argument('names', nargs='+', metavar='NAME', help='name of a model, see "mmavs list"')
    parser.add_argument('--dest', type=Path, default=Path(), help='folder (default: the current one)')
    options = parser.parse_args(args)
    models = [index.find(name) for name in options.names]
    options.dest.mkdir(parents=True, exist_ok=True)
    for model in models:
        download_model(index, model, options.dest)
    return 0


def download_model(index: ModelIndex, model: ModelEntry, dest: Path) -> Path:
    """Write ``dest/NAME.py``, without bases, and download the weights if there are any.

    Returns:
        The config.
    """
    config = dest / f'{model.name}.py'
    Config.fromfile(index.root / model.config).dump(config)
    print(f'wrote {config}')
    if model.weights is None:
        print(
            f'{model.name}: no weights are published, there is nothing to download; train it with: mmavs train {config}'
        )
    else:
        weights = dest / Path(model.weights).name
        torch.hub.download_url_to_file(model.weights, str(weights))
        print(f'wrote {weights}')
    return config


def find_tool(index: ModelIndex, name: str) -> Path:
    """Return the file of a tool.

    Args:
        index: Its root holds ``tools``.
        name: File name without ``.py``.

    Raises:
        ValueError: There is no such tool.
    """
    tools = list_tools(index)
    if name not in tools:
        raise ValueError(f'no tool is called {name!r}; there are {list(tools)}')
    return tools[name]


def list_tools(index: ModelIndex) -> dict[str, Path]:
    """Return ``{name: file}`` of the Python tools; study files are data of ``run_study``."""
    files = (path for path in (index.root / 'tools').rglob('*.py') if path.parent.name != 'studies')
    return {path.stem: path for path in sorted(files, key=lambda path: path.stem)}


def call_tool(index: ModelIndex, name: str, args: Sequence[str]) -> int:
    """Run a tool in a process of its own, in the current folder; return its exit code."""
    return subprocess.run([sys.executable, str(find_tool(index, name)), *args]).returncode


def run_any_tool(index: ModelIndex, args: Sequence[str]) -> int:
    """Run a tool with arguments passed on as they are, or list the tools."""
    if args and args[0] not in ('-h', '--help'):
        return call_tool(index, args[0], args[1:])
    for name, path in list_tools(index).items():
        print(f'{name:24}{path.relative_to(index.root)}')
    return 0


def run_config_tool(index: ModelIndex, name: str, args: Sequence[str]) -> int:
    """Run a tool whose first argument is a config, which may be the name of a model."""
    if args and not args[0].startswith('-'):
        args = [str(index.find_config(args[0])), *args[1:]]
    return call_tool(index, name, args)


def run_command(argv: Sequence[str]) -> int:
    """Run ``mmavs ARGV``; return the exit code.

    Raises:
        ValueError: An unknown command, model or tool.
    """
    if not argv or argv[0] in ('-h', '--help'):
        print(USAGE)
        return 0
    command, args, index = argv[0], argv[1:], read_model_index()
    if command in CONFIG_TOOLS:
        return run_config_tool(index, command, args)
    commands = dict(list=list_models, download=download_models, run=run_any_tool)
    if command not in commands:
        raise ValueError(
            f'{command!r} is no command of mmavs; there are {[*commands, *CONFIG_TOOLS]}. See mmavs --help'
        )
    return commands[command](index, args)


def main() -> None:
    """Entry point of the command."""
    run_tool(lambda: run_command(sys.argv[1:]))


if __name__ == '__main__':
    main()
