"""Train several configs with several seeds, test them, and compare them with a reference, clip by clip.

Interrupted, it goes on where it was; what is finished is skipped. The study file is described in docs/en/studies.md.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from mmengine import DictAction

from mmavs.evaluation.study import Study, read_study
from mmavs.evaluation.study_report import study_comparisons, study_markdown, study_rows
from mmavs.evaluation.study_runs import StudyPlan, StudyRun, plan_study, run_all
from mmavs.utils.cli import run_tool
from mmavs.utils.provenance import describe_machine

TOOLS = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', nargs='?', type=Path, help='study file')
    parser.add_argument('--configs', nargs='+', default=[], help='instead of a study file: configs to compare')
    parser.add_argument(
        '--seeds', nargs='+', type=int, help='seeds of every entry (default: those of the file, else 0)'
    )
    parser.add_argument('--reference', help='name of the entry that the others are compared with')
    parser.add_argument('--work-dir', type=Path, required=True, help='checkpoints, logs and scores of all runs')
    parser.add_argument('--out', type=Path, required=True, help='folder for RESULT.json and RESULT.md')
    parser.add_argument('--jobs', type=int, default=1, help='trainings at a time (default %(default)s)')
    parser.add_argument('--report-only', action='store_true', help='train nothing: write the tables of what is there')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='override keys of all configs: key=value ...'
    )
    return parser.parse_args()


def facts_of(study: Study, runs: list[StudyRun]) -> dict[str, Any]:
    """What was run, when and where."""
    steps = {run.entry.name: run.cfg.train_cfg.get('max_iters') or run.cfg.train_cfg.get('max_epochs') for run in runs}
    seconds = {run.entry.name: run.state['train_seconds'] for run in runs}
    return {
        'date': time.strftime('%Y-%m-%d %H:%M'),
        'commits of the trainings': ', '.join(sorted({run.state['commit'] for run in runs})) or 'none yet',
        'seeds': ', '.join(map(str, study.seeds)),
        'steps': ', '.join(f'{name} {number}' for name, number in steps.items()) or 'none yet',
        'seconds per training (last seed)': ', '.join(f'{name} {number}' for name, number in seconds.items())
        or 'none yet',
        'machine': describe_machine(),
    }


def write_results(study: Study, plan: StudyPlan, out: Path) -> str:
    """Write both files from what is there and return the Markdown."""
    runs, scores = [run for run in plan.runs if run.is_trained()], plan.scores()
    facts, rows, comparisons = facts_of(study, runs), study_rows(study, scores), study_comparisons(study, scores)
    text = study_markdown(rows, comparisons, facts)
    out.mkdir(parents=True, exist_ok=True)
    rows = [{key: None if value != value else value for key, value in row.items()} for row in rows]  # json has no NaN
    (out / 'RESULT.json').write_text(json.dumps(dict(facts=facts, rows=rows, comparisons=comparisons), indent=1))
    (out / 'RESULT.md').write_text(text)
    return text


def main() -> None:
    """Train, test, compare."""
    args = parse_args()
    study = read_study(
        args.study, args.configs, seeds=args.seeds, reference=args.reference, cfg_options=args.cfg_options
    )
    plan = plan_study(study, args.work_dir)
    if not args.report_only:
        run_all(plan, TOOLS, args.jobs, lambda: write_results(study, plan, args.out))
    print(write_results(study, plan, args.out))
    print(f'wrote {args.out / "RESULT.json"} and {args.out / "RESULT.md"}')


if __name__ == '__main__':
    run_tool(main)
