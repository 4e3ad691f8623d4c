import pytest

from mmavs.utils.cli import error_text, run_tool


def fail(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize('error', [ValueError('mend it'), KeyError('mend it'), FileNotFoundError('mend it')])
def test_expected_errors_are_one_line_and_exit_code_1(capsys, error, monkeypatch):
    monkeypatch.delenv('MMAVS_DEBUG', raising=False)
    with pytest.raises(SystemExit) as end:
        run_tool(fail(error))
    assert end.value.code == 1
    assert '\nerror: mend it\n' in capsys.readouterr().err


def test_mistakes_of_the_program_keep_their_traceback(monkeypatch):
    with pytest.raises(KeyError):
        run_tool(fail(KeyError('frames')))
    with pytest.raises(ZeroDivisionError):
        run_tool(fail(ZeroDivisionError()))
    monkeypatch.setenv('MMAVS_DEBUG', '1')
    with pytest.raises(ValueError, match='mend it'):
        run_tool(fail(ValueError('mend it')))


@pytest.mark.parametrize(('result', 'code'), [(None, 0), (0, 0), (3, 3)])
def test_the_result_is_the_exit_code(result, code):
    with pytest.raises(SystemExit) as end:
        run_tool(lambda: result)
    assert end.value.code == code


def test_the_traceback_of_a_loader_worker_is_cut_off():
    head = 'Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n'
    text = f'{head}  File "x"\nValueError: clip 3:\nbad'
    assert error_text(ValueError(text)) == 'clip 3:\nbad'
