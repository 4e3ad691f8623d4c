"""What the command-line tools share."""

import os
import sys
from collections.abc import Callable

import torch

EXPECTED_ERRORS = (OSError, KeyError, TypeError, ValueError, FloatingPointError, ImportError)


def error_text(error: BaseException) -> str:
    """Return the message of an error without what Python and the data loader wrap around it.

    Args:
        error: A ``KeyError`` shows its message in quotes; an error from a loader worker carries the worker's whole traceback.
    """
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.rsplit(f'\n{type(error).__name__}: ', 1)[-1].strip()
    return text


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool: expected errors become one readable message and exit code 1, the rest a traceback.

    ``MMAVS_DEBUG=1`` shows the traceback of expected errors too. A ``KeyError`` whose message is no sentence is a mistake of
    the program, not of its user, and keeps its traceback.
    """
    try:
        code = main()
    except EXPECTED_ERRORS as error:
        text = error_text(error)
        if os.environ.get('MMAVS_DEBUG') == '1' or (isinstance(error, KeyError) and ' ' not in text):
            raise
        print(f'\nerror: {text}\n(set MMAVS_DEBUG=1 for the traceback)', file=sys.stderr)
        sys.exit(1)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()  # gloo aborts a process whose peer closes the connection first
        torch.distributed.destroy_process_group()
    sys.exit(code or 0)
