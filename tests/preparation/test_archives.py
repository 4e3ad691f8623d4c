import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from downloads import make_tar, make_zip, tree_hash

from mmavs.preparation.archive_safety import Limits, Member, MemberCheck
from mmavs.preparation.archives import unpack
from mmavs.preparation.files import OutputFolder
from mmavs.preparation.sources import SourceIndex


@pytest.fixture
def out(tmp_path):
    (tmp_path / 'out').mkdir()
    return OutputFolder(tmp_path / 'out')


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / 'data'
    (root / 'sub').mkdir(parents=True)
    (root / 'sub' / 'a.txt').write_text('a')
    (root / 'b.txt').write_text('b' * 1000)
    (root / '.DS_Store').write_text('stray')
    return root


def tar_with(path, *members, mode='w'):
    with tarfile.open(path, mode) as archive:
        for name, kind, extra in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(extra)
                archive.addfile(info, io.BytesIO(extra))
            else:
                info.linkname = extra
                archive.addfile(info)
    return path


def zip_with(path, *members, link=False):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            if link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data)
    return path


@pytest.mark.parametrize('kind', ['zip', 'tar', 'tar.gz', 'tgz', 'tar.bz2', 'tar.xz'])
def test_content_is_unpacked_once_and_the_archive_stays(kind, folder, out, tmp_path, monkeypatch):
    path = tmp_path / f'data.{kind}'
    if kind == 'zip':
        make_zip(path, folder)
    else:
        make_tar(path, folder, 'w:' + kind.removeprefix('tar').removeprefix('.').replace('tgz', 'gz'))
    before = tree_hash(path)
    place = unpack(path, out)
    assert Path(place, 'data', 'sub', 'a.txt').read_text() == 'a'
    assert sorted(os.listdir(os.path.join(place, 'data'))) == ['b.txt', 'sub']
    assert tree_hash(path) == before
    monkeypatch.setattr('mmavs.preparation.archives._write', None)  # would fail
    assert unpack(path, out) == place


REG, SYM, LNK = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
UNSAFE_TARS = {
    'absolute': [('/etc/x', REG, b'x')],
    'parent': [('ok.txt', REG, b'x'), ('../x', REG, b'x')],
    'parent inside': [('a/../../x', REG, b'x')],
    'backslash': [('..\\x', REG, b'x')],
    'drive': [('C:/x', REG, b'x')],
    'symlink absolute': [('l', SYM, '/etc')],
    'symlink up': [('a/l', SYM, '../../x')],
    'through a symlink': [('l', SYM, 'a'), ('l/x', REG, b'x')],
    'through a chain': [('a/x', REG, b'x'), ('l', SYM, 'a'), ('l/m', SYM, 'x')],
    'hardlink up': [('h', LNK, '../x')],
    'hardlink absolute': [('h', LNK, '/etc/passwd')],
    'hardlink to nothing': [('h', LNK, 'not-here')],
    'file and link': [('l', SYM, 'a'), ('l', REG, b'x')],
    'file twice': [('f', REG, b'1'), ('./f', REG, b'2')],
    'symlink twice': [('a', REG, b'x'), ('l', SYM, 'a'), ('l', SYM, 'a')],
    'file and hardlink': [('a', REG, b'x'), ('b', REG, b'y'), ('b', LNK, 'a')],
    'folder and file': [('a/b', REG, b'x'), ('a', REG, b'y')],
    'empty folder and file': [('a', tarfile.DIRTYPE, ''), ('a', REG, b'y')],
    'folder and symlink': [('b', REG, b'x'), ('s', tarfile.DIRTYPE, ''), ('s', SYM, 'b')],
    'fifo': [('f', tarfile.FIFOTYPE, '')],
    'device': [('d', tarfile.CHRTYPE, '')],
}


@pytest.mark.parametrize('case', UNSAFE_TARS)
def test_unsafe_tars_are_refused_before_anything_is_written(case, out, tmp_path):
    path = tar_with(tmp_path / 'bad.tar', ('first.txt', REG, b'x'), *UNSAFE_TARS[case])
    before = tree_hash(tmp_path)
    with pytest.raises(ValueError, match=r'bad\.tar.*is refused, nothing was unpacked: member') as error:
        unpack(path, out)
    assert UNSAFE_TARS[case][-1][0].replace('\\', '\\\\') in str(error.value)
    assert tree_hash(tmp_path) == before


@pytest.mark.parametrize('name', ['/x', '../x', 'a/../../x', '..\\x', 'C:\\x'])
def test_unsafe_zip_names_are_refused(name, out, tmp_path):
    path = zip_with(tmp_path / 'bad.zip', ('first.txt', 'x'), (name, 'x'))
    with pytest.raises(ValueError, match='leads out of the folder'):
        unpack(path, out)
    assert os.listdir(out.path) == []


@pytest.mark.parametrize('goal', ['/etc/passwd', '../../x', ''])
def test_zip_links_that_lead_out_are_refused(goal, out, tmp_path):
    with pytest.raises(ValueError, match='symlink that leads out'):
        unpack(zip_with(tmp_path / 'bad.zip', ('a/l', goal), link=True), out)


def test_links_that_stay_inside_are_links_again(out, tmp_path):
    members = [('l', SYM, 'd'), ('m', SYM, './d/../d/x'), ('d/x', REG, b'x'), ('d/h', LNK, 'd/x')]
    place = unpack(tar_with(tmp_path / 'good.tar', *members), out)
    for name in ('l/x', 'm', 'd/h'):
        assert Path(place, name).read_text() == 'x'
    assert os.readlink(os.path.join(place, 'l')) == 'd'


def test_a_link_beside_the_archive_does_not_matter(out, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'Multi-sources').symlink_to(tmp_path / 'elsewhere')
    path = tar_with(tmp_path / 'ms3.tar', ('Multi-sources/x', REG, b'x'))
    assert Path(unpack(path, out), 'Multi-sources', 'x').read_text() == 'x'
    assert os.listdir(tmp_path / 'elsewhere') == []


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_a_member_that_a_zip_has_twice_is_refused(out, tmp_path):
    with pytest.raises(ValueError, match="member 'a': two members have this name"):
        unpack(zip_with(tmp_path / 'twice.zip', ('a', '1'), ('a', '2')), out)


def test_a_disk_that_does_not_tell_upper_from_lower_case_is_named(out, tmp_path, monkeypatch):
    monkeypatch.setattr('mmavs.preparation.archives.clean_name', lambda path, name: name.lower())
    with pytest.raises(ValueError, match=r"the name of member 'a\.txt' for that of another.*--out on another disk"):
        unpack(zip_with(tmp_path / 'case.zip', ('A.txt', '1'), ('a.txt', '2')), out)


def test_bombs_are_refused(out, tmp_path):
    path = tmp_path / 'bomb.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for k in range(3):
            archive.writestr(f'{k}.bin', bytes(25 << 20))
    with pytest.raises(ValueError, match='zip bomb'):
        unpack(path, out)
    assert os.listdir(out.path) == []
    with pytest.raises(ValueError, match='more than 1e-06 GB; raise --max-unpacked-gb'):
        unpack(zip_with(tmp_path / 'big.zip', ('a', bytes(2000))), out, Limits(max_bytes=1000))
    with pytest.raises(ValueError, match='more than 2 members'):
        MemberCheck('x', 10**9, Limits(max_members=2)).run(Member(str(k), 'file', 1) for k in range(3))
    with pytest.raises(ValueError, match='zip bomb'):  # a header that promises an exabyte is not walked over
        MemberCheck('x', 1000, Limits(max_bytes=1 << 62)).run([Member('a', 'file', 1 << 60)])


def test_limits_count_the_archives_in_an_archive_together(out, tmp_path):
    (tmp_path / 'parts').mkdir()
    parts = [zip_with(tmp_path / 'parts' / f'{name}.zip', (f'{name}.txt', bytes(2000))) for name in 'abc']
    outer = zip_with(tmp_path / 'outer.zip', *((part.name, part.read_bytes()) for part in parts))
    inside = sum(part.stat().st_size for part in parts)
    SourceIndex((1,)).add(outer, out, Limits(max_bytes=inside + 6000, max_members=6))
    for limits, message in (
        (
            Limits(max_bytes=inside + 5999),
            'holds, together with the archive around it, more than .* raise --max-unpacked-gb',
        ),
        (Limits(max_members=5), 'more than 5 members, together with the archive around it'),
    ):
        again = tmp_path / f'out{limits.max_members}'
        again.mkdir()
        for _ in range(2):  # what the first run has unpacked counts in the second
            with pytest.raises(ValueError, match=rf'c\.zip.*{message}'):
                SourceIndex((1,)).add(outer, OutputFolder(again), limits)
    # archives side by side in a folder are no part of each other
    SourceIndex((1,)).add(tmp_path / 'parts', out, Limits(max_bytes=2000))


def test_a_bomb_in_layers_is_refused(out, tmp_path):
    with zipfile.ZipFile(tmp_path / 'inner.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('zeros', bytes(30 << 20))
    with zipfile.ZipFile(tmp_path / 'outer.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):  # below 64 MiB each
            archive.write(tmp_path / 'inner.zip', f'{number}.zip')
    with pytest.raises(ValueError, match=r'2\.zip.*together with the archive around it, unpack to .*a zip bomb'):
        SourceIndex((1,)).add(tmp_path / 'outer.zip', out)


def test_a_full_disk_is_foreseen(out, tmp_path, monkeypatch):
    monkeypatch.setattr('shutil.disk_usage', lambda path: SimpleNamespace(free=10))
    with pytest.raises(ValueError, match='choose an --out with more space'):
        unpack(zip_with(tmp_path / 'a.zip', ('a', 'x' * 100)), out)


@pytest.mark.parametrize('kind', ['zip', 'tar.gz'])
def test_damaged_archives_are_named_and_leave_nothing(kind, folder, out, tmp_path):
    path = (make_zip if kind == 'zip' else make_tar)(tmp_path / f'cut.{kind}', folder)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r'cut\..*is damaged.*download it again'):
        unpack(path, out)
    assert not os.path.exists(out.join('.unpacked'))
    flipped = bytearray(data)
    # in a gzip file the stored checksum: whatever else is damaged shows only there
    flipped[data.find(b'b' * 100) if kind == 'zip' else -8] ^= 0xFF
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match='is damaged'):
        unpack(path, out)
    assert not os.path.exists(out.join('.unpacked'))


def test_what_cannot_be_read_is_named(out, tmp_path):
    (tmp_path / 'a.rar').write_bytes(b'Rar!')
    with pytest.raises(ValueError, match='unpack it with the program it was made with'):
        unpack(tmp_path / 'a.rar', out)
    with pytest.raises(FileNotFoundError, match=r'none\.zip'):
        unpack(tmp_path / 'none.zip', out)
    path = zip_with(tmp_path / 'secret.zip', ('a', 'x'))
    data = bytearray(path.read_bytes())
    data[data.find(b'PK\x01\x02') + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match='encrypted; unpack it with its password'):
        unpack(path, out)


def test_without_the_filter_of_new_pythons_the_checks_are_the_same(out, tmp_path, monkeypatch):
    monkeypatch.setattr('mmavs.preparation.archives._data_filter', None)
    with pytest.raises(ValueError, match='refused'):
        unpack(tar_with(tmp_path / 'bad.tar', ('l', SYM, '/etc'), ('l/x', REG, b'x')), out)
    assert os.path.isfile(os.path.join(unpack(tar_with(tmp_path / 'ok.tar', ('x', REG, b'x')), out), 'x'))
