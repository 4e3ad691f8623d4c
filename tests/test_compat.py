import subprocess
import sys

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmavs import compat


def test_mmseg_models_import_without_compiled_mmcv():
    import mmseg.models  # noqa: F401

    import mmavs  # noqa: F401


def test_a_missing_operator_is_named_when_it_is_called():
    if not compat.install_mmcv_ops_placeholder() and 'placeholder' not in repr(sys.modules.get('mmcv._ext')):
        from mmcv import _ext

        if getattr(_ext, '__file__', None):
            pytest.skip('the compiled mmcv is installed')
    from mmcv.ops import nms

    with pytest.raises(RuntimeError, match=r"operator 'nms' needs the compiled mmcv"):
        nms(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([1.0]), 0.5)


def test_importing_mmavs_does_not_import_its_models():
    code = 'import sys, mmavs; print([m for m in ("mmseg.models", "timm", "mmavs.models", "matplotlib") if m in sys.modules])'
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == '[]'


def test_checkpoints_load_without_running_code(tmp_path):
    torch.save({'weight': torch.ones(2)}, tmp_path / 'good.pth')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'good.pth'))['weight'].tolist() == [1, 1]
    torch.save({'cut': slice(3)}, tmp_path / 'bad.pth')
    with pytest.raises(ValueError, match='--trust-checkpoint'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'bad.pth'))


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / 'cut.pth'
    torch.save({'weight': torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(ValueError, match=r'cut\.pth cannot be loaded safely'):
        compat.load_file_safely(str(path))
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist'):
        compat.load_file_safely(str(tmp_path / 'none.pth'))
