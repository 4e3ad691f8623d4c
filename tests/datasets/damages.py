"""Ways to damage a data set, one function each, and what has to happen then.

``FILES`` are read when a clip is read, ``TABLES`` when the data set is opened. ``message`` is a regular expression on the text
of the error; ``None`` means that the file is read as if nothing had happened. ``KNOWN`` is read too, but listed by name.
"""

import io
import json
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from layouts import blob, picture, write_wav
from PIL import Image
from vpo_layout import AUDIOS

from mmavs.datasets.known_defects import DOUBLED_ROWS, NO_PIXELS

S4, MS3, AVSS = 'Single-source', 'Multi-sources', 'AVSBench-semantic'
BELOW = 'train/playing_piano/play_train0'
FRAME = f'{S4}/s4_data/visual_frames/{BELOW}/play_train0_3.png'
MASK = f'{S4}/s4_data/gt_masks/{BELOW}/play_train0_1.png'
WAV = f'{S4}/s4_data/audio_wav/train/playing_piano/play_train0.wav'
PKL = f'{S4}/s4_data/audio_log_mel/train/playing_piano/play_train0.pkl'
MS3_MASK = f'{MS3}/ms3_data/gt_masks/train/train-clip1/train-clip1_2.png'
RGB = f'{AVSS}/v2/v2train0_0_10000/labels_rgb/4.png'
SEMANTIC = f'{AVSS}/v2/v2train0_0_10000/labels_semantic/4.png'
JPG = f'{AVSS}/v2/v2train0_0_10000/frames/9.jpg'
AVSS_WAV = f'{AVSS}/v2/v2train0_0_10000/audio.wav'
VPO = 'audio_visual'
SS_JPG = f'{VPO}/VPO/VPO-SS/data/bird/000000007002.jpg'
SS_MASK = f'{VPO}/VPO/VPO-SS/mask/bird/000000007002_000000000011.png'
MS_JPG = f'{VPO}/VPO/VPO-MS/data/000000007100.jpg'
MS_MASK = f'{VPO}/VPO/VPO-MS/mask/000000007100.png'  # of an airplane and a baby
MS_SOUND = f'{VPO}/{AUDIOS}/-vgg_1001_000030.wav'  # the second source of that picture


class Evil:
    def __reduce__(self):
        return (os.putenv, ('MMAVS_TEST_EVIL', '1'))


@dataclass
class Damage:
    kind: str
    file: str
    apply: Callable[[Path], object]
    message: str | None


def raw(data):
    return lambda path: path.write_bytes(data)


def change(function):
    return lambda path: path.write_bytes(function(path.read_bytes()))


def text(function):
    return lambda path: path.write_bytes(function(path.read_text()).encode())


def encoded(array, container, mode=None, **options):
    def apply(path):
        image = Image.fromarray(array)
        image = image.convert(mode) if mode else image
        buffer = io.BytesIO()
        image.save(buffer, container, **options)
        path.write_bytes(buffer.getvalue())

    return apply


def chunk(name, body):
    return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))


def png_size(width, height):
    def function(data):
        return data[:8] + chunk(b'IHDR', struct.pack('>II', width, height) + data[24:29]) + data[33:]

    return change(function)


def jpeg_size(data):
    at = next(data.index(bytes((0xFF, marker))) for marker in (0xC0, 0xC2) if bytes((0xFF, marker)) in data)
    return data[: at + 5] + struct.pack('>HH', 65000, 65000) + data[at + 9 :]


def paint(value):
    def apply(path):
        image = np.asarray(Image.open(path)).copy()
        image[2, 3] = value
        Image.fromarray(image).save(path)

    return apply


def swap(function):
    def apply(path):
        path.unlink()
        function(path)

    return apply


def pickled(value):
    return lambda path: path.write_bytes(pickle.dumps(value))


def sound(subtype, scale=0.1, sample_rate=16000, channels=1):
    def apply(path):
        noise = np.random.default_rng(0).uniform(-1, 1, (sample_rate * 5, channels)) * scale
        soundfile.write(path, noise, sample_rate, subtype)

    return apply


def uid_first(table):
    """A byte-order mark sticks to the first name of the header, which matters only if that column is read."""
    rows = [line.split(',') for line in table.splitlines()]
    return '\n'.join(','.join([uid, vid, *rest]) for vid, uid, *rest in rows) + '\n'


def fields(row, **values):
    """Set columns of a row, which is counted from 1 below the header."""

    def function(table):
        lines = table.splitlines()
        names, entries = lines[0].split(','), lines[row].split(',')
        for name, value in values.items():
            entries[names.index(name)] = value
        lines[row] = ','.join(entries)
        return '\n'.join(lines) + '\n'

    return text(function)


def dump(value):
    return lambda path: path.write_text(json.dumps(value))


def renumbered(path):
    path.write_text(json.dumps({name: number - 1 for name, number in json.loads(path.read_text()).items()}))


def behind_stray_bytes(data):
    second = 4 + int.from_bytes(data[4:6], 'big')
    return jpeg_size(data[:second] + b'\x00\x01\x02' + data[second:])


def saved(value):
    return lambda path: torch.save(value, path)


GREY = np.where(blob(0), 255, 0).astype(np.uint8)
MISSING = 'does not exist; restore it or leave its clip out'
AGAIN = 'copy it again'
COPY = f'cannot be decoded as a picture.*{AGAIN}'
PIXELS = 'claims .* pixels, at most 100000000 are read'
FILES = {
    'frame missing': Damage('s4', FRAME, lambda p: p.unlink(), MISSING),
    'frame of zero bytes': Damage('s4', FRAME, raw(b''), rf'is empty \(0 bytes\); {AGAIN}'),
    'frame truncated': Damage('s4', FRAME, change(lambda d: d[:-60]), rf'is truncated \(no end marker\); {AGAIN}'),
    'frame truncated, end marker kept': Damage('s4', FRAME, change(lambda d: d[:-400] + d[-12:]), COPY),
    'frame with a flipped byte': Damage('s4', FRAME, change(lambda d: d[:900] + bytes([d[900] ^ 255]) + d[901:]), COPY),
    'frame is text': Damage('s4', FRAME, raw(b'hello'), COPY),
    'frame is a jpg named png': Damage('s4', FRAME, encoded(picture(3), 'JPEG'), None),
    'frame is a 16-bit png': Damage('s4', FRAME, encoded(picture(3)[..., 0].astype(np.uint16) * 257, 'PNG'), None),
    'frame of another size': Damage(
        's4',
        FRAME,
        encoded(picture(3, (20, 32)), 'PNG'),
        'the other frames are|all frames of a clip must have one size',
    ),
    'frame: header of 60000x60000': Damage('s4', FRAME, png_size(60000, 60000), PIXELS),
    'frame: header of 2147483647x1': Damage('s4', FRAME, png_size(2**31 - 1, 1), PIXELS),
    'frame is a folder': Damage('s4', FRAME, swap(Path.mkdir), f'a folder has its name; {MISSING[16:]}'),
    'frame is a loop of links': Damage(
        's4', FRAME, swap(lambda p: p.symlink_to(p.name)), 'cannot be read .*check permissions, links and disk'
    ),
    'jpg: grey': Damage('avss', JPG, encoded(picture(3, (30, 41))[..., 0], 'JPEG'), None),
    'jpg: CMYK': Damage('avss', JPG, encoded(picture(3, (30, 41)), 'JPEG', 'CMYK'), None),
    'jpg: truncated': Damage('avss', JPG, change(lambda d: d[:-60]), rf'is truncated \(no end marker\); {AGAIN}'),
    'jpg: header of 65000x65000': Damage('avss', JPG, change(jpeg_size), PIXELS),
    'jpg: header of 65000x65000 behind stray bytes': Damage('avss', JPG, change(behind_stray_bytes), PIXELS),
    'frame: header of 60000x60000 in a rare format': Damage(
        's4', FRAME, raw(b'#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n' + bytes(99)), COPY
    ),
    'frame: header of 2000000x10 in a rare format': Damage('s4', FRAME, raw(b'P6 2000000 10 255\n' + bytes(99)), COPY),
    'mask: header of 2000000x10 in a rare format': Damage('s4', MASK, raw(b'P6 2000000 10 255\n' + bytes(99)), COPY),
    'frame is an animated png': Damage(
        's4',
        FRAME,
        encoded(picture(3), 'PNG', save_all=True, append_images=[Image.fromarray(picture(4))]),
        'is an animation of 2 pictures, expected one',
    ),
    'jpg is an animated gif': Damage(
        'avss',
        JPG,
        encoded(picture(3, (30, 41)), 'GIF', save_all=True, append_images=[Image.fromarray(picture(4, (30, 41)))]),
        'is an animation of 2 pictures, expected one; save one as PNG or JPEG',
    ),
    'mask missing': Damage('s4', MASK, lambda p: p.unlink(), MISSING),
    'mask truncated': Damage('s4', MASK, change(lambda d: d[:-20]), rf'is truncated \(no end marker\); {AGAIN}'),
    'mask of another size': Damage(
        's4', MASK, encoded(GREY[:9], 'PNG'), 'is 9x32 .* frame and mask must have one size'
    ),
    'mask with grey values': Damage(
        's4', MASK, paint(90), r'holds the values \[90\], a binary mask has 0 and 255 only'
    ),
    'mask is a colour picture': Damage(
        's4', MASK, encoded(picture(0), 'PNG'), 'a binary mask has 0 and 255 only; save it'
    ),
    'mask is a lossy jpg': Damage('s4', MASK, encoded(GREY, 'JPEG', quality=30), 'save it without loss compression'),
    'mask of 16 bits holding 1': Damage(
        's4', MASK, encoded((GREY > 0).astype(np.uint16), 'PNG'), 'has 16 bits per value, a mask has 8; save it again'
    ),
    'mask: header of 60000x60000': Damage('ms3', MS3_MASK, png_size(60000, 60000), PIXELS),
    'mask holds 1 for 255': Damage('ms3', MS3_MASK, paint(1), r'holds the values \[1\], a binary mask has 0 and 255'),
    'mask of one bit': Damage('ms3', MS3_MASK, encoded(GREY, 'PNG', '1'), None),
    'colours: no class': Damage(
        'avss', RGB, paint((9, 9, 9)), r'colour that no class has, .*\(9, 9, 9\); read labels_sem'
    ),
    'colours: other palette': Damage(
        'avss', RGB, encoded(np.full((30, 41, 3), 200, np.uint8), 'PNG'), '1230 pixels of a colour that no class has'
    ),
    'indices: out of range': Damage('avss-index', SEMANTIC, paint(71), r'index 71, .* 0\.\.70 .*check the class list'),
    'indices: colours in their place': Damage(
        'avss-index', SEMANTIC, encoded(picture(0, (30, 41)), 'PNG'), "has the pixel format 'RGB'.*mode='palette'"
    ),
    'wav missing': Damage('s4', WAV, lambda p: p.unlink(), MISSING),
    'wav of zero bytes': Damage('s4', WAV, raw(b''), 'is empty .*write it again from the source video'),
    'wav of 0 samples': Damage('s4', WAV, lambda p: write_wav(p, 0), 'has 0 samples; write it again'),
    'wav: header cut': Damage(
        's4', WAV, change(lambda d: d[:20]), 'is truncated: it has no data chunk; write it again'
    ),
    'wav: header only': Damage(
        's4', WAV, change(lambda d: d[:44]), 'promises 160000 bytes of samples, 0 are there; write'
    ),
    'wav: 64-bit header cut': Damage(
        's4', WAV, raw(b'RF64' + bytes(4) + b'WAVEds64' + bytes(9)), 'ds64 chunk is incomplete; write it again'
    ),
    'wav: rate of 0 Hz': Damage(
        's4', WAV, change(lambda d: d[:24] + bytes(4) + d[28:]), 'cannot be decoded .*16-bit PCM'
    ),
    'wav: rate of 16 Hz': Damage(
        's4',
        WAV,
        change(lambda d: d[:24] + struct.pack('<I', 16) + d[28:]),
        'claims a sample rate of 16 Hz, expected 2000',
    ),
    'wav: rate of 2000000000 Hz': Damage(
        's4',
        WAV,
        change(lambda d: d[:24] + struct.pack('<I', 2 * 10**9) + d[28:]),
        'claims a sample rate of 2000000000 Hz',
    ),
    'wav truncated': Damage('s4', WAV, change(lambda d: d[:-99]), 'is truncated: its header promises 160000 bytes'),
    'wav: 44.1 kHz stereo': Damage('s4', WAV, sound('PCM_16', sample_rate=44100, channels=2), None),
    'wav: 8 bit': Damage('s4', WAV, sound('PCM_U8'), None),
    'wav: 24 bit': Damage('s4', WAV, sound('PCM_24'), None),
    'wav: float': Damage('s4', WAV, sound('FLOAT'), None),
    'wav: float with NaN': Damage(
        's4', WAV, sound('FLOAT', np.nan), 'holds NaN or infinite samples; write it again as'
    ),
    'wav: integers as float': Damage(
        's4', WAV, sound('FLOAT', 32768), 'times the full scale .* write it again as 16-bit'
    ),
    'wav is an mp3': Damage(
        's4', WAV, raw(b'ID3\x04' + bytes(999)), "not a wav file .*b'ID3.*convert it to 16-bit PCM"
    ),
    'wav is text': Damage('s4', WAV, raw(b'no sound at all'), 'is not a wav file .*convert it to 16-bit PCM wav'),
    'wav a second short': Damage('s4', WAV, lambda p: write_wav(p, 4), 'shorter than its clip of 5 s|short_audio'),
    'wav a second short, padded': Damage('avss-padded', AVSS_WAV, lambda p: write_wav(p, 9), None),
    'wav is a folder': Damage('s4', WAV, swap(Path.mkdir), f'a folder has its name; {MISSING[16:]}'),
    'wav is a loop of links': Damage(
        's4', WAV, swap(lambda p: p.symlink_to(p.name)), 'cannot be read .*check permissions'
    ),
    'pickle with code': Damage('pkl', PKL, pickled(Evil()), "no part of a tensor.*; use audio='wav'"),
    'pickle truncated': Damage('pkl', PKL, change(lambda d: d[:-60]), "cannot be read safely .*; use audio='wav'"),
    'pickle of another type': Damage('pkl', PKL, pickled([1.0]), "holds a list, expected a tensor; use audio='wav'"),
    'pickle of another shape': Damage(
        'pkl', PKL, pickled(torch.zeros(5, 96, 64)), r'expected \(n, 1, 96, 64\); use audio'
    ),
    'pickle too short': Damage(
        'pkl', PKL, pickled(torch.zeros(4, 1, 96, 64)), "4 examples, .*5 seconds; use audio='wav'"
    ),
    'pickle with NaN': Damage(
        'pkl', PKL, pickled(torch.full((5, 1, 96, 64), torch.nan)), 'NaN or infinite .*use audio'
    ),
    'pickle of one number, repeated': Damage(
        'pkl', PKL, pickled(torch.zeros(1, 1, 1, 1).expand(10**9, 1, 96, 64)), 'no tensor of plain numbers, .*use audio'
    ),
    'pickle of a sparse tensor': Damage(
        'pkl', PKL, saved(torch.zeros(5, 1, 96, 64).to_sparse()), 'no tensor of plain numbers, .*use audio'
    ),
    'pickle without numbers': Damage(
        'pkl', PKL, saved(torch.zeros(5, 1, 96, 64, device='meta')), 'no tensor of plain numbers, .*use audio'
    ),
    'pickle of integers': Damage(
        'pkl', PKL, pickled(torch.zeros(5, 1, 96, 64, dtype=torch.int16)), 'no tensor of plain numbers, .*use audio'
    ),
    'vpo: picture missing': Damage('vpo-ss', SS_JPG, lambda p: p.unlink(), MISSING),
    'vpo: picture truncated': Damage(
        'vpo-ms', MS_JPG, change(lambda d: d[:-60]), rf'is truncated \(no end marker\); {AGAIN}'
    ),
    'vpo: mask named by picture and annotation missing': Damage('vpo-ss', SS_MASK, lambda p: p.unlink(), MISSING),
    'vpo: mask named by picture missing': Damage('vpo-ms', MS_MASK, lambda p: p.unlink(), MISSING),
    'vpo: mask truncated': Damage(
        'vpo-ms', MS_MASK, change(lambda d: d[:-20]), rf'is truncated \(no end marker\); {AGAIN}'
    ),
    'vpo: mask of another size': Damage(
        'vpo-ss', SS_MASK, encoded(np.full((9, 7), 16, np.uint8), 'PNG'), 'is 9x7 .* frame and mask must have one size'
    ),
    'vpo: category number of no class': Damage(
        'vpo-ms', MS_MASK, paint(90), r'category numbers \[90\], which are no classes of VPO; .*Copy the file again'
    ),
    'vpo: mask is a colour picture': Damage(
        'vpo-ss', SS_MASK, encoded(picture(0), 'PNG'), "has the pixel format 'RGB'.*needs one 8-bit number per pixel"
    ),
    'vpo: recording missing': Damage('vpo-ms', MS_SOUND, lambda p: p.unlink(), MISSING),
    'vpo: recording of 0 samples': Damage(
        'vpo-ms', MS_SOUND, lambda p: write_wav(p, 0), 'has 0 samples; write it again'
    ),
    'vpo: recording truncated': Damage(
        'vpo-ms', MS_SOUND, change(lambda d: d[:-99]), 'is truncated: its header promises 128000 bytes'
    ),
    'vpo: recording of 0.1 s': Damage('vpo-ms', MS_SOUND, lambda p: write_wav(p, 0.1), None),
    'pickle is a folder': Damage('pkl', PKL, swap(Path.mkdir), "a folder has its name; restore it; with audio='wav'"),
}

MS3_CSV, S4_CSV, AVSS_CSV = f'{MS3}/ms3_meta_data.csv', f'{S4}/s4_meta_data.csv', f'{AVSS}/metadata.csv'
SS_CSV, MS_CSV, MSMI_CSV = (f'{VPO}/VPO/VPO-{s.upper()}/vpo_{s}_data_stereo.csv' for s in ('ss', 'ms', 'msmi'))
LABELS, RECIPES = f'{AVSS}/label2idx.json', f'{MS3}/recipes.json'
POSITION = r'line \d+: audio_pos must be in \[0, 1\] \(0 left, 1 right\), got '
ONE_NAME = 'not a valid clip id or folder name.*mend the csv'
REBUILD = 'build the data set again'
TABLES = {
    'csv missing': Damage('ms3', MS3_CSV, lambda p: p.unlink(), 'which does not exist.*build_avstamps'),
    'csv empty': Damage('ms3', MS3_CSV, raw(b''), "has no clip of the split 'train'; check the csv"),
    'csv empty (AVSS)': Damage('avss', AVSS_CSV, raw(b''), 'lacks the columns .* an empty file; restore the header'),
    'csv without header': Damage(
        'ms3', MS3_CSV, text(lambda t: t.split('\n', 1)[1]), 'header is due.*add a header line'
    ),
    'csv without header (S4)': Damage('s4', S4_CSV, text(lambda t: t.split('\n', 1)[1]), 'header is due.*add a header'),
    'csv without header (AVSS)': Damage('avss', AVSS_CSV, text(lambda t: t.split('\n', 1)[1]), 'lacks the columns'),
    'csv without a column': Damage('avss', AVSS_CSV, text(lambda t: t.replace('a_obj', 'obj')), r"lacks .*\['a_obj'\]"),
    'csv row too short': Damage('s4', S4_CSV, text(lambda t: t + 'x,0\r\n'), 'line 6: 2 columns, expected .* 4; mend'),
    'csv row too short (AVSS)': Damage(
        'avss', AVSS_CSV, text(lambda t: t + 'a,b\n'), '2 columns, expected 7 .*mend the csv'
    ),
    'csv row doubled': Damage(
        'ms3', MS3_CSV, text(lambda t: t + 'train-clip0,train\n'), 'in line 2 already; remove one'
    ),
    'csv row doubled (AVSS)': Damage(
        'avss', AVSS_CSV, text(lambda t: t + t.splitlines()[1] + '\n'), 'in line 2 already; remove one of the two lines'
    ),
    'csv with BOM': Damage('avss', AVSS_CSV, text(lambda t: '\ufeff' + uid_first(t)), None),
    'csv with BOM (MS3)': Damage('ms3', MS3_CSV, text(lambda t: '\ufeff' + t), None),
    'csv with CRLF': Damage('ms3', MS3_CSV, text(lambda t: t.replace('\r', '').replace('\n', '\r\n')), None),
    'csv with LF only': Damage('avss', AVSS_CSV, text(lambda t: t.replace('\r', '')), None),
    'csv with blank lines': Damage('ms3', MS3_CSV, text(lambda t: t.replace('\n', '\n\n')), None),
    'csv not UTF-8': Damage(
        'ms3', MS3_CSV, change(lambda d: d + b'caf\xe9,train\n'), 'is not UTF-8 .*save it as UTF-8'
    ),
    'csv not UTF-8 (AVSS)': Damage(
        'avss', AVSS_CSV, change(lambda d: d + b'\xff\n'), 'is not UTF-8 .*save it as UTF-8'
    ),
    'csv with a huge field': Damage(
        'ms3', MS3_CSV, change(lambda d: d + b'x' * 200000 + b',train'), 'is damaged after'
    ),
    'csv: unknown split': Damage('ms3', MS3_CSV, text(lambda t: t + 'x,dev\n'), "column 1 must be .* got 'dev'; mend"),
    'csv: unknown split (AVSS)': Damage(
        'avss', AVSS_CSV, text(lambda t: t.replace('train,v2', 'dev,v2')), "got 'dev'; mend"
    ),
    'csv: unknown label': Damage('avss', AVSS_CSV, text(lambda t: t.replace('train,v2', 'train,v9')), "got 'v9'; mend"),
    'csv: unknown class': Damage(
        'avss', AVSS_CSV, text(lambda t: t.replace(',dog,', ',yeti,')), "unknown class 'yeti'"
    ),
    'id with ..': Damage('ms3', MS3_CSV, text(lambda t: t + '../up,train\n'), ONE_NAME),
    'id is a path': Damage('ms3', MS3_CSV, text(lambda t: t + '/etc/passwd,train\n'), ONE_NAME),
    'id with NUL': Damage('ms3', MS3_CSV, text(lambda t: t + 'a\0b,train\n'), f'{ONE_NAME}|is damaged after'),
    'id with .. (AVSS)': Damage('avss', AVSS_CSV, text(lambda t: t + 'v,../up,0,0,dog,train,v2\n'), ONE_NAME),
    'category with ..': Damage('s4', S4_CSV, text(lambda t: t + 'x,0,..,train\n'), ONE_NAME),
    'label2idx cut': Damage('avss', LABELS, change(lambda d: d[:-9]), 'is not valid JSON .*restore it'),
    'label2idx is a number': Damage(
        'avss', LABELS, dump(71), 'must map names to 1, 2, .*with background 1; restore it'
    ),
    'label2idx from 0': Damage('avss', LABELS, renumbered, 'must map names to 1, 2, .*with background 1; restore it'),
    'label2idx with a gap': Damage('avss', LABELS, dump({'background': 1, 'dog': 3}), 'without a gap'),
    'label2idx nested too deep': Damage('avss', LABELS, raw(b'[' * 200000), 'is not valid JSON .*restore it'),
    'label2idx with lists': Damage('avss', LABELS, dump({'background': [1]}), 'must map names to 1, 2'),
    'recipes missing': Damage('recipes', RECIPES, lambda p: p.unlink(), 'does not exist; tools/dataset_converters'),
    'recipes cut': Damage('recipes', RECIPES, change(lambda d: d[:-9]), f'is not valid JSON .*{REBUILD}'),
    'recipes without keys': Damage('recipes', RECIPES, dump({}), f'must hold the keys .*{REBUILD}'),
    'recipes of other types': Damage(
        'recipes', RECIPES, dump({'classes': 3, 'clips': []}), f'must be a list of names .*{REBUILD}'
    ),
    'recipes: a clip is a list': Damage(
        'recipes', RECIPES, dump({'classes': ['dog'], 'clips': {'train-clip0': []}}), f'no entry "sounding" .*{REBUILD}'
    ),
    'recipes: a clip is missing': Damage(
        'recipes', RECIPES, dump({'classes': ['dog'], 'clips': {}}), f'no entry "sounding" for it.*{REBUILD}'
    ),
    'vpo: csv missing': Damage('vpo-ss', SS_CSV, lambda p: p.unlink(), 'which does not exist. VPO is given out by'),
    'vpo: csv empty': Damage('vpo-ms', MS_CSV, raw(b''), 'lacks the columns .* an empty file; restore the header'),
    'vpo: csv without a column': Damage(
        'vpo-ss', SS_CSV, text(lambda t: t.replace('vgg_file', 'file')), r"lacks the columns \['vgg_file'\]"
    ),
    'vpo: csv without a column (MSMI)': Damage(
        'vpo-msmi', MSMI_CSV, text(lambda t: t.replace('multi_instance', 'm')), r"lacks .*\['multi_instance'\]"
    ),
    'vpo: csv row too short': Damage('vpo-ms', MS_CSV, text(lambda t: t + '55,dog\n'), '2 columns, expected 8 .*mend'),
    'vpo: unknown class': Damage('vpo-ss', SS_CSV, fields(3, cateName='yeti'), "line 4: unknown class 'yeti'"),
    'vpo: class is background': Damage(
        'vpo-ss', SS_CSV, fields(3, cateName='background'), "unknown class 'background'"
    ),
    'vpo: class empty': Damage('vpo-ms', MS_CSV, fields(1, cateName=''), r"columns \['cateName'\] are empty; copy"),
    'vpo: unknown split': Damage('vpo-ss', SS_CSV, fields(3, split='dev'), "split must be one of .*, got 'dev'"),
    'vpo: position above 1': Damage('vpo-ms', MS_CSV, fields(1, audio_pos='1.01'), f"{POSITION}'1.01'"),
    'vpo: position below 0': Damage('vpo-ms', MS_CSV, fields(1, audio_pos='-0.25'), f"{POSITION}'-0.25'"),
    'vpo: position is NaN': Damage('vpo-ss', SS_CSV, fields(1, audio_pos='nan'), f"{POSITION}'nan'"),
    'vpo: position is text': Damage('vpo-ss', SS_CSV, fields(1, audio_pos='left'), f"{POSITION}'left'"),
    'vpo: multi_instance is text': Damage(
        'vpo-msmi', MSMI_CSV, fields(1, multi_instance='many'), "multi_instance must be 0 or 1, got 'many'"
    ),
    'vpo: class with ..': Damage('vpo-ss', SS_CSV, fields(1, cateName='../../bird'), "unknown class '../../bird'"),
    'vpo: picture with ..': Damage('vpo-ss', SS_CSV, fields(1, img_Id='../../../7000'), ONE_NAME),
    'vpo: annotation with ..': Damage('vpo-ss', SS_CSV, fields(1, ann_Ids='/../../../../9'), ONE_NAME),
    'vpo: recording with ..': Damage('vpo-ms', MS_CSV, fields(1, vgg_file='../../up'), ONE_NAME),
    'vpo: recording is a path': Damage('vpo-ms', MS_CSV, fields(1, vgg_file='/etc/passwd'), ONE_NAME),
}

SECOND = 'picture 000000007100 with -vgg_1001_000030'
KNOWN = {
    'vpo: row doubled': (
        DOUBLED_ROWS,
        'vpo-ss',
        SS_CSV,
        text(lambda t: t + t.splitlines()[1] + '\n'),
        'picture 000000007000',
    ),
    'vpo: row doubled (MS)': (DOUBLED_ROWS, 'vpo-ms', MS_CSV, text(lambda t: t + t.splitlines()[3] + '\n'), SECOND),
    'vpo: row doubled (MSMI)': (
        DOUBLED_ROWS,
        'vpo-msmi',
        MSMI_CSV,
        text(lambda t: t + t.splitlines()[-1] + '\n'),
        'with -vgg_2011_',
    ),
    'vpo: wrong class': (NO_PIXELS, 'vpo-ms', MS_CSV, fields(3, cateName='zebra'), r"no pixel of \['zebra'\]"),
}
