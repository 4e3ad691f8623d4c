"""From downloads of every shape to what the data set classes read, with the sources left as they were."""

import errno
import os
import shutil

import numpy as np
import pytest
import torch
from downloads import add_stray_files, make_tar, make_vpo, make_zip, move, tree_hash
from layouts import make_avss, make_ms3, make_s4

from mmavs.datasets import (
    AVSS_CLASSES,
    AVSBenchMS3Dataset,
    AVSBenchS4Dataset,
    AVSSDataset,
    VPODataset,
    voc_palette,
)
from mmavs.preparation import AVSS, MS3, PUBLISHED, S4, VPO_MS, VPO_MSMI, VPO_SS, Count, Options, prepare

PIPELINE = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks'), dict(type='LoadAudio')]
KINDS = {
    's4': (AVSBenchS4Dataset, 'Single-source'),
    'ms3': (AVSBenchMS3Dataset, 'Multi-sources'),
    'avss': (AVSSDataset, 'AVSBench-semantic'),
}


def samples(name, root, splits=('train', 'val', 'test'), pipeline=PIPELINE, **options):
    kind, folder = KINDS[name]
    return [sample for split in splits for sample in kind(root / folder, split, pipeline, **options)]


def assert_same_samples(found, expected):
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        assert a['clip_id'] == b['clip_id']
        for key in ('frames', 'gt_masks', 'frame_labelled', 'waveform'):
            np.testing.assert_array_equal(np.asarray(a[key]), np.asarray(b[key]), err_msg=key)


def run(layouts, sources, out, **options):
    return prepare(layouts, Options(sources=sources, out=out, **{'expect': 'found', **options}))


@pytest.fixture(scope='module')
def official(tmp_path_factory):
    """All sets in the official layout, to build downloads from; not to be changed."""
    root = tmp_path_factory.mktemp('official')
    make_s4(root, clips=1)
    make_ms3(root, clips=2)
    make_avss(root, voc_palette(len(AVSS_CLASSES)), a_obj=('man_emergency-car',), classes=AVSS_CLASSES)
    return root


@pytest.fixture(scope='module')
def expected(official):
    return {name: samples(name, official) for name in KINDS}


def test_archives_of_both_sets_become_what_the_classes_read(official, expected, tmp_path, capsys):
    stray = tmp_path / 'work' / 'Single-source'
    shutil.copytree(official / 'Single-source', stray)
    add_stray_files(stray)
    sources = [make_zip(tmp_path / 's4.zip', stray), make_tar(tmp_path / 'ms3.tar.gz', official / 'Multi-sources')]
    before = [tree_hash(path) for path in sources]
    out = tmp_path / 'out'
    assert run([S4, MS3], sources, out) == 0
    assert 'complete: s4 6 clips, ms3 6 clips in ' in capsys.readouterr().out
    assert [tree_hash(path) for path in sources] == before
    for name in ('s4', 'ms3'):
        assert_same_samples(samples(name, out), expected[name])
    moved = out.rename(tmp_path / 'elsewhere')  # links into the folder itself are relative
    assert_same_samples(samples('s4', moved), expected['s4'])


@pytest.mark.parametrize('mode', ['link', 'copy'])
def test_folders_are_linked_or_copied_and_stay_as_they_are(mode, official, expected, tmp_path, capsys):
    source = tmp_path / 'download'
    shutil.copytree(official, source, ignore=shutil.ignore_patterns('AVSBench-semantic'))
    add_stray_files(source)
    before, out = tree_hash(source), tmp_path / 'out'
    for _ in range(2):
        assert run([S4, MS3], [source], out, mode=mode) == 0
        assert tree_hash(source) == before
    frame = next(out.glob('Single-source/s4_data/visual_frames/train/*/*/*_1.png'))
    assert frame.is_symlink() == (mode == 'link')
    assert not [path for path in out.rglob('*') if path.name in ('.DS_Store', 'Thumbs.db', '__MACOSX', '.parts')]
    if mode == 'copy':
        shutil.rmtree(source)
    assert_same_samples(samples('ms3', out), expected['ms3'])


def test_copies_out_of_an_archive_do_not_need_the_unpacked_files(official, expected, tmp_path):
    out = tmp_path / 'out'
    assert run([MS3], [make_zip(tmp_path / 'a.zip', official / 'Multi-sources')], out, mode='copy') == 0
    frame = next(out.glob('Multi-sources/ms3_data/visual_frames/*/*_1.png'))
    assert frame.stat().st_nlink == 2  # not stored twice
    shutil.rmtree(out / '.unpacked')
    assert_same_samples(samples('ms3', out), expected['ms3'])


def older_s4(root):
    """No folder of the set, no split folders."""
    move(root, 'Single-source/**/*', lambda p: p.removeprefix('Single-source/'))
    for split in ('train', 'val', 'test'):
        move(root, f's4_data/**/{split}/**/*', lambda p, split=split: p.replace(f'/{split}/', '/', 1))


def older_ms3(root):
    """Frames with a split folder and without the name of the video file; the csv elsewhere."""
    move(root, 'Multi-sources/ms3_data/visual_frames/**/*', lambda p: p.replace('.mp4_', '_'))
    for split in ('train', 'val', 'test'):
        pattern = f'Multi-sources/ms3_data/visual_frames/{split}-*/*'
        move(root, pattern, lambda p, split=split: p.replace('visual_frames/', f'visual_frames/{split}/'))
    move(root, 'Multi-sources/*.csv', lambda p: 'papers/' + p.rsplit('/', 1)[1])


def older_avss(root):
    """Another name of the folder, and no folders of the subsets."""
    move(root, 'AVSBench-semantic/**/*', lambda p: p.replace('AVSBench-semantic', 'avsbench_semantic'))
    move(root, 'avsbench_semantic/v*/**/*', lambda p: 'avsbench_semantic/all/' + p.split('/', 2)[2])


@pytest.mark.parametrize(('name', 'change'), [('s4', older_s4), ('ms3', older_ms3), ('avss', older_avss)])
def test_older_layouts_become_the_official_one(name, change, official, expected, tmp_path):
    source = tmp_path / 'download'
    shutil.copytree(official / KINDS[name][1], source / KINDS[name][1])
    change(source)
    assert run([dict(s4=S4, ms3=MS3, avss=AVSS)[name]], [source], tmp_path / 'out') == 0
    assert_same_samples(samples(name, tmp_path / 'out'), expected[name])


def test_archives_in_archives_and_parts_in_several_sources(official, expected, tmp_path):
    parts = []
    for subset in ('v1s', 'v1m', 'v2'):
        parts.append(make_zip(tmp_path / f'{subset}.zip', official / 'AVSBench-semantic' / subset))
    outer = tmp_path / 'outer'
    outer.mkdir()
    for part in parts[:2]:
        shutil.move(part, outer)
    shutil.copy(official / 'AVSBench-semantic' / 'metadata.csv', tmp_path)
    sources = [make_tar(tmp_path / 'outer.tar', outer, 'w'), parts[2], tmp_path / 'csv']
    (tmp_path / 'csv').mkdir()
    for name in ('metadata.csv', 'label2idx.json'):
        shutil.copy(official / 'AVSBench-semantic' / name, tmp_path / 'csv')
    assert run([AVSS], sources, tmp_path / 'out') == 0
    assert_same_samples(samples('avss', tmp_path / 'out'), expected['avss'])


def test_what_is_missing_is_named_and_a_second_run_completes_it(official, tmp_path, capsys):
    source, out = tmp_path / 'download', tmp_path / 'out'
    shutil.copytree(official / 'Multi-sources', source / 'Multi-sources')
    frame = 'Multi-sources/ms3_data/visual_frames/val-clip0/val-clip0.mp4_2.png'
    masks = [f'Multi-sources/ms3_data/gt_masks/test/test-clip1/test-clip1_{i}.png' for i in (1, 4)]
    wav = source / 'Multi-sources/ms3_data/audio_wav/train/train-clip0.wav'
    for path in (frame, *masks):
        (source / path).unlink()
    content = wav.read_bytes()
    wav.write_bytes(b'')  # an interrupted download
    assert run([MS3], [source], out) == 1
    text = capsys.readouterr().out
    assert f'missing: ms3: 1 frames: {frame}\n' in text
    assert f'missing: ms3: 2 masks: {masks[0]}, {masks[1]}\n' in text
    assert 'missing: ms3: 1 wav: Multi-sources/ms3_data/audio_wav/train/train-clip0.wav\n' in text
    assert text.splitlines()[-1].startswith('NOT complete: ms3 in ')
    for path in (frame, *masks):
        shutil.copy(official / path, source / path)
    wav.write_bytes(content)
    assert run([MS3], [source], out) == 0
    assert 'complete: ms3 6 clips' in capsys.readouterr().out


def test_sizes_are_compared_with_the_published_ones(official, tmp_path, capsys, monkeypatch):
    out = tmp_path / 'out'
    assert run([MS3], [official / 'Multi-sources'], out, expect='published') == 1
    text = capsys.readouterr().out
    assert 'problem: ms3 train: 2 clips in the csv, published are 296\n' in text
    assert 'problem: ms3 test: 10 labelled frames, published are 320\n' in text
    for split in ('train', 'val', 'test'):
        monkeypatch.setitem(PUBLISHED, ('ms3', split), Count(2, 10))
    assert run([MS3], [], out, expect='published') == 0
    assert 'complete: ms3 6 clips in ' in capsys.readouterr().out


def test_the_published_sizes_add_up():
    def total(subsets, split, what):
        return sum(getattr(PUBLISHED[subset, split], what) for subset in subsets)

    avss = ('v1s', 'v1m', 'v2')
    assert [total(avss, split, 'clips') for split in ('train', 'val', 'test')] == [8498, 1304, 1554]
    assert [total(avss, split, 'labelled') for split in ('train', 'val', 'test')] == [52432, 9020, 11520]
    assert sum(total(('s4',), split, 'clips') for split in ('train', 'val', 'test')) == 4932
    assert sum(total(('ms3',), split, 'clips') for split in ('train', 'val', 'test')) == 424


@pytest.mark.parametrize('mode', ['link', 'copy'])
def test_a_subset_can_be_read_and_grows_with_the_download(mode, official, expected, tmp_path, capsys):
    source, out = tmp_path / 'download', tmp_path / 'out'
    shutil.copytree(official / 'Single-source', source / 'Single-source')
    lost = source / 'Single-source/s4_data/audio_wav/val/helicopter'
    lost.rename(tmp_path / 'lost')
    before = tree_hash(source)
    for _ in range(2):
        assert run([S4], [source], out, mode=mode, subset_ok=True, expect='published') == 0
        assert 'subset: s4 5 of 6 clips are complete' in capsys.readouterr().out
        assert tree_hash(source) == before
    assert len(samples('s4', out)) == 5
    (tmp_path / 'lost').rename(lost)
    assert run([S4], [source], out, mode=mode, subset_ok=True) == 0
    assert 'complete: s4 6 clips' in capsys.readouterr().out
    assert_same_samples(samples('s4', out), expected['s4'])


def test_a_subset_without_any_complete_clip_is_none(official, tmp_path, capsys):
    source = tmp_path / 'download'
    shutil.copytree(official / 'Multi-sources', source)
    shutil.rmtree(source / 'ms3_data' / 'gt_masks')
    assert run([MS3], [source], tmp_path / 'out', subset_ok=True) == 1
    assert 'NOT complete' in capsys.readouterr().out


def test_a_csv_that_is_nowhere_is_a_problem_and_a_doubled_row_an_error(official, tmp_path, capsys):
    source = tmp_path / 'download'
    shutil.copytree(official / 'Multi-sources', source)
    assert run([S4, MS3], [source], tmp_path / 'out') == 1
    assert 's4_meta_data.csv is in none of the sources' in capsys.readouterr().out
    csv = source / 'ms3_meta_data.csv'
    csv.write_text(csv.read_text() + 'val-clip0,val\r\n')
    with pytest.raises(ValueError, match=r"line 8: \('val-clip0', 'val'\) is in line 4 already"):
        run([MS3], [source], tmp_path / 'out2')


def test_sources_that_contradict_each_other_are_an_error(official, tmp_path):
    source = tmp_path / 'other'
    shutil.copytree(official / 'Multi-sources', source / 'Multi-sources')
    assert run([MS3], [official, source], tmp_path / 'out') == 0  # the same twice is fine
    frame = source / 'Multi-sources/ms3_data/visual_frames/val-clip0/val-clip0.mp4_2.png'
    frame.write_bytes(frame.read_bytes() + b'x')
    with pytest.raises(ValueError, match='two different files'):
        run([MS3], [official, source], tmp_path / 'out2')


def test_output_and_sources_must_not_overlap(official, tmp_path):
    source = tmp_path / 'data' / 'Multi-sources'
    shutil.copytree(official / 'Multi-sources', source)
    before = tree_hash(tmp_path)
    for out in (source, source / 'out', tmp_path / 'data'):
        with pytest.raises(ValueError, match='to check data that is already arranged, pass --out and no source'):
            run([MS3], [source], out)
    assert tree_hash(tmp_path) == before
    assert run([MS3], [], tmp_path / 'data') == 0  # in place
    with pytest.raises(FileNotFoundError, match='nowhere'):
        run([MS3], [tmp_path / 'nowhere'], tmp_path / 'out')


def test_nothing_is_written_through_a_link_nor_over_a_file(official, tmp_path, capsys):
    source, out = tmp_path / 'download', tmp_path / 'out'
    shutil.copytree(official / 'Multi-sources', source)
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    out.mkdir()
    (out / 'Multi-sources').symlink_to(elsewhere)
    with pytest.raises(ValueError, match=r'is a link out of .*; nothing is written through it'):
        run([MS3], [source], out)
    assert os.listdir(elsewhere) == []
    (out / 'Multi-sources').unlink()
    own = out / 'Multi-sources/ms3_data/visual_frames/val-clip0/val-clip0.mp4_2.png'
    own.parent.mkdir(parents=True)
    own.write_bytes(b'mine')
    assert run([MS3], [source], out) == 1
    assert 'remove the one that is wrong' in capsys.readouterr().out
    assert own.read_bytes() == b'mine'


def test_a_second_run_at_the_same_time_is_refused(tmp_path, official):
    from mmavs.preparation.files import OutputFolder

    pid = os.fork()
    if pid == 0:
        with OutputFolder(tmp_path / 'out').exclusive():
            (tmp_path / 'ready').touch()
            while not (tmp_path / 'stop').exists():
                pass
        os._exit(0)
    try:
        while not (tmp_path / 'ready').exists():
            pass
        with pytest.raises(ValueError, match='another run is writing'):
            run([MS3], [official], tmp_path / 'out')
    finally:
        (tmp_path / 'stop').touch()
        os.waitpid(pid, 0)


def test_links_in_a_source_are_followed_and_loops_end(official, expected, tmp_path):
    source = tmp_path / 'download'
    source.mkdir()
    (source / 'Multi-sources').symlink_to(official / 'Multi-sources')
    (source / 'loop').symlink_to(source)
    assert run([MS3], [source], tmp_path / 'out') == 0
    assert_same_samples(samples('ms3', tmp_path / 'out'), expected['ms3'])


def test_a_file_that_was_downloaded_again_is_told_from_its_older_copy(official, tmp_path, capsys):
    source, out = tmp_path / 'download', tmp_path / 'out'
    shutil.copytree(official / 'Multi-sources', source)
    name = 'ms3_data/audio_wav/val/val-clip0.wav'
    good = (source / name).read_bytes()
    (source / name).write_bytes(good[:-100] + bytes(100))  # of the right size
    assert run([MS3], [source], out, mode='copy') == 0
    for path in source.rglob('*.*'):
        path.touch()  # the same content is no obstacle, whatever its time
    assert run([MS3], [source], out, mode='copy') == 0
    (source / name).write_bytes(good)
    capsys.readouterr()
    assert run([MS3], [source], out, mode='copy') == 1
    assert f"val-clip0.wav' is there and differs from {str(source / name)!r}" in capsys.readouterr().out
    (out / 'Multi-sources' / name).unlink()
    assert run([MS3], [source], out, mode='copy') == 0
    assert (out / 'Multi-sources' / name).read_bytes() == good


def test_a_full_disk_is_named_and_the_next_run_goes_on(official, tmp_path, capsys, monkeypatch):
    archive, out = make_zip(tmp_path / 'a.zip', official / 'Multi-sources'), tmp_path / 'out'

    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr('mmavs.preparation.archives.shutil.copyfileobj', full)
        with pytest.raises(ValueError, match=r"the disk of .*out' is full .*run the same command again"):
            run([MS3], [archive], out)
    assert os.listdir(out) == ['.prepare.lock']
    assert run([MS3], [archive], out) == 0


def test_a_csv_may_be_a_source_of_its_own(official, expected, tmp_path):
    source = tmp_path / 'download'
    shutil.copytree(official / 'AVSBench-semantic', source)
    sources = [source, *(tmp_path / name for name in ('metadata.csv', 'label2idx.json'))]
    for path in sources[1:]:
        shutil.move(source / path.name, path)
    assert run([AVSS], [source], tmp_path / 'out') == 1
    assert run([AVSS], sources, tmp_path / 'out') == 0
    assert_same_samples(samples('avss', tmp_path / 'out'), expected['avss'])


def test_a_folder_that_cannot_be_listed_is_mentioned(official, tmp_path, capsys, monkeypatch):
    source = tmp_path / 'download'
    shutil.copytree(official / 'Multi-sources', source)
    closed, plain = source / 'ms3_data' / 'audio_wav' / 'val', os.scandir

    def scandir(path):
        if str(path) == str(closed):
            raise PermissionError(13, 'Permission denied', str(path))
        return plain(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'scandir', scandir)
        assert run([MS3], [source], tmp_path / 'out') == 1
    text = capsys.readouterr().out
    assert f'note: {str(closed)!r} was not read: Permission denied' in text
    assert 'missing: ms3: 2 wav' in text


def test_foreign_archives_are_mentioned(official, tmp_path, capsys):
    source = tmp_path / 'download'
    shutil.copytree(official / 'Multi-sources', source)
    (source / 'frames.zip.001').write_bytes(b'x')
    assert run([MS3], [source], tmp_path / 'out') == 0
    assert "frames.zip.001' was not read" in capsys.readouterr().out


def test_published_log_mels_are_kept_and_may_stand_in_for_wav(official, tmp_path):
    source, out = tmp_path / 'download', tmp_path / 'out'
    shutil.copytree(official / 'Multi-sources', source)
    shutil.rmtree(source / 'ms3_data' / 'audio_wav')
    assert run([MS3], [source], out) == 1
    assert run([MS3], [source], out, audio='log_mel', caches=['log_mel']) == 0
    pipeline = [*PIPELINE[:2], dict(type='LoadLogMelPickle')]
    mine = samples('ms3', out, pipeline=pipeline, audio='log_mel')
    theirs = samples('ms3', official, pipeline=pipeline, audio='log_mel')
    assert all(torch.equal(a['audio'], b['audio']) for a, b in zip(mine, theirs, strict=True))


VPO_PIPELINE = [dict(type='LoadClipFrames'), dict(type='LoadClipMasks')]


@pytest.mark.parametrize('mask_names', ['image', 'annotation'])
def test_vpo_with_pictures_and_recordings_from_elsewhere(mask_names, tmp_path, capsys):
    root = make_vpo(tmp_path, mask_names)
    expected = {
        (subset, split): list(VPODataset(root, split, VPO_PIPELINE, subset=subset))
        for subset in ('ss', 'ms', 'msmi')
        for split in ('train', 'val', 'test')
    }
    # pictures as COCO hands them out, recordings in one flat folder, masks and csv in an archive
    download = tmp_path / 'download'
    shutil.copytree(root, download / 'audio_visual')
    for path in list(download.rglob('*.jpg')):
        target = download / 'train2017' / path.name
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    move(download, 'audio_visual/**/*.wav', lambda p: 'sounds/' + p.rsplit('/', 1)[1])
    archive = make_zip(tmp_path / 'VPO.zip', download / 'audio_visual' / 'VPO')
    sources = [archive, download / 'train2017', download / 'sounds']
    before, out = [tree_hash(path) for path in sources], tmp_path / 'out'
    assert run([VPO_SS, VPO_MS, VPO_MSMI], sources, out) == 0
    assert 'complete: ss 2 clips, ms 2 clips, msmi 2 clips' in capsys.readouterr().out
    assert [tree_hash(path) for path in sources] == before
    for (subset, split), clips in expected.items():
        found = list(VPODataset(out, split, VPO_PIPELINE, subset=subset))
        assert len(found) == len(clips) == 1
        np.testing.assert_array_equal(found[0]['frames'], clips[0]['frames'])
        np.testing.assert_array_equal(found[0]['gt_masks'], clips[0]['gt_masks'])
        names = [[os.path.basename(path) for path in clip['audio_paths']] for clip in (found[0], clips[0])]
        assert names[0] == names[1]
        assert all(os.path.isfile(path) for path in found[0]['audio_paths'])


def test_vpo_sizes_that_were_never_counted_are_remarks(tmp_path, capsys):
    root = make_vpo(tmp_path)
    assert run([VPO_SS], [root], tmp_path / 'out', expect='published') == 0
    text = capsys.readouterr().out
    assert 'note: vpo-ss train: 1 clips in the csv, published are 12202' in text
    (root / 'vggsound_bench/VGGSound/audios/cat_b.wav').unlink()
    assert run([VPO_SS, VPO_MS], [root], tmp_path / 'out2', subset_ok=True) == 0
    assert 'subset: ss 1 of 2, ms 1 of 2 clips are complete' in capsys.readouterr().out
    table = (tmp_path / 'out2/VPO/VPO-MS/vpo_ms_data_stereo.csv').read_text()
    assert [row.split(',')[0] for row in table.splitlines()[1:]] == ['dog']
