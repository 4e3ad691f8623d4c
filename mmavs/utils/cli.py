"""What the command-line tools share."""

import os
import sys
from collections.abc import Callable

EXPECTED_ERRORS = (FileNotFoundError, KeyError, TypeError, ValueError, FloatingPointError, ImportError)


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool: expected errors become one readable message and exit code 1, the rest a traceback.

    ``MMAVS_DEBUG=1`` shows the traceback of expected errors too.
    """
    try:
        code = main()
    except EXPECTED_ERRORS as error:
        if os.environ.get('MMAVS_DEBUG') == '1':
            raise
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f'\nerror: {text}\n(set MMAVS_DEBUG=1 for the traceback)', file=sys.stderr)
        sys.exit(1)
    sys.exit(code or 0)
