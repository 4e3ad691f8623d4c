import subprocess
import sys

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

import mmavs
from mmavs import compat


def test_mmseg_models_import_without_compiled_mmcv():
    code = 'import mmavs, mmseg.models; print(mmseg.models.ResNet.__name__)'
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == 'ResNet'


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


def test_urls_are_loaded_safely_too(tmp_path, monkeypatch):
    seen = {}

    def load(url, **options):
        seen.update(url=url, **options)
        return {'weight': torch.ones(1)}

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', load)
    assert CheckpointLoader.load_checkpoint('https://example.org/a.pth')['weight'].tolist() == [1]
    assert seen['url'] == 'https://example.org/a.pth'
    assert seen['weights_only'] is True


@pytest.mark.parametrize(
    ('versions', 'message'),
    [
        ({'mmengine': '0.11.0'}, r'needs mmengine>=0.10.7,<0.11, found 0.11.0; run: pip install'),
        ({'mmsegmentation': None}, r'needs mmsegmentation>=1.2.2,<1.3, found none'),
        ({'mmcv-lite': '2.2.0'}, r'needs mmcv-lite>=2.1,<2.2, found 2.2.0'),
        ({'mmcv-lite': None, 'mmcv': '2.0.1'}, r'needs mmcv>=2.1,<2.2, found 2.0.1'),
        ({'mmcv': '2.1.0'}, r'both installed'),
        ({'torch': '2.1.0+cpu'}, r'needs torch>=2.4, found 2.1.0\+cpu'),
    ],
)
def test_unsuitable_versions_are_named_with_the_remedy(monkeypatch, versions, message):
    good = {'torch': '2.9.1+cu128', 'mmengine': '0.10.7', 'mmsegmentation': '1.2.2', 'mmcv-lite': '2.1.0', 'mmcv': None}

    def version(name):
        found = {**good, **versions}[name]
        if found is None:
            raise mmavs.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(mmavs.metadata, 'version', version)
    with pytest.raises(ImportError, match=message):
        mmavs.check_dependencies()
