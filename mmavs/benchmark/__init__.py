"""Cost of whole models side by side: parameters, FLOPs, time and memory, measured under the same conditions."""

from .accuracy import evaluate_checkpoint, read_accuracy
from .compare import compare
from .footprint import Footprint, measure_footprint
from .memory import PeakMemory
from .picture import draw_bubbles
from .results import Result, Timing, ratios
from .settings import BenchmarkSettings
from .subject import Subject
from .tables import (
    comparison_record,
    heading,
    markdown_table,
    origin,
    read_markdown_tables,
    table_rows,
    text_table,
)
from .timing import Reading, Stopwatch, Task, percentile, take_turns

__all__ = [
    'BenchmarkSettings',
    'Footprint',
    'PeakMemory',
    'Reading',
    'Result',
    'Stopwatch',
    'Subject',
    'Task',
    'Timing',
    'compare',
    'comparison_record',
    'draw_bubbles',
    'evaluate_checkpoint',
    'heading',
    'markdown_table',
    'measure_footprint',
    'origin',
    'percentile',
    'ratios',
    'read_accuracy',
    'read_markdown_tables',
    'table_rows',
    'take_turns',
    'text_table',
]
