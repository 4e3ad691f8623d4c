"""The data card: what was built, from what, and what is held out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .layouts import write_bytes
from .sets import SetSpec
from .sources import FILES, MediaSource

STAMPS_TEXT = """## Sources and licence

Cut-outs and recordings: Debian package `tuxpaint-stamps-default` {stamps} (GPL-2 as a package; its changelog names other free
terms for single items). Backgrounds: `tuxpaint-data` {data} (GPL-2 or later). Media, clips and figures made from them must not
be passed on without observing those terms. The SHA-256 of every file that was used is in `media_sha256.json`; {changed} of them
differ from the files the list was made with.

## What is held out, and what is not

- **Pictures.** All sets show the same cut-outs in training and test; only `unseen` shows, as its sounding object, cut-outs that
  occur nowhere else (some are another species under the same label: dingo for dog, zebu for bull, wapiti for deer, rat for
  mouse, wild boar for pig). Its numbers belong in a column of their own.
- **Recordings.** Recordings of 4 s and more are split in time (65 % for training). All others - most classes - are the SAME
  recording at other speeds: even bins of 0.03 in log speed for training, odd ones for validation and test.
- **Backgrounds.** Four photographs (cliff, ocean_waves, trees_at_dusk, wool_mill_machine) are for validation and test only;
  noise backgrounds are drawn anew.
- **Scenes** are drawn from different seeds.
- The recordings were checked by level, spectrum and cross-correlation, not listened to.
"""

PROCEDURAL_TEXT = """## Sources and licence

Shapes and tones drawn by the generator; no files are used. Every class is a shape (timbre) in a colour (pitch).

## What is held out, and what is not

Cut-outs are shared by all splits except `unseen`, which uses other proportions; tones are the same with other speeds;
backgrounds and scenes are drawn anew.
"""


def vpo_lines(sets: Sequence[dict[str, dict[str, Any]]]) -> list[str]:
    """Describe the sets in VPO layout: classes that sound, silent twins, pairs."""
    clips = [clip for summaries in sets for clip in summaries.values()]
    if not clips:
        return []
    names = sorted({row['cateName'] for clip in clips for row in clip['sources']})
    twins = sum(clip['twins'] for clip in clips)
    pairs = sum(clip['multi_instance'] for clip in clips) - twins
    return [
        '',
        f'VPO layout: {len(names)} of the 21 classes sound ({", ".join(names)}). Of {len(clips)} pictures {twins} hold a silent '
        f'twin of what sounds (only `audio_pos` tells them apart) and {pairs} two of a class that both sound. The split `test` '
        'is called `val` in the csv, as published.',
    ]


def write_card(
    out: Path,
    settings: dict[str, Any],
    specs: Sequence[SetSpec],
    summaries: dict[str, dict[str, dict[str, Any]]],
    media: MediaSource,
) -> None:
    """Write ``DATACARD.md`` (and ``media_sha256.json``) about the sets of this build."""
    checksums = media.checksums()
    if checksums:
        write_bytes(out / 'media_sha256.json', json.dumps(checksums, indent=0).encode())
    changed = sum(checksums[name] != FILES['sha256'][name] for name in checksums)
    lines = [
        '# AVStamps data card',
        '',
        f'Built with {settings}. The same settings give the same bytes.',
        '',
        '| set | clips train/val/test | seconds | classes | empty frames | sounding area of the others | content |',
        '| --- | --- | ---: | ---: | ---: | ---: | --- |',
    ]
    for spec in specs:
        clips = summaries[spec.name].values()
        areas = [area for clip in clips for area in clip['area']]
        filled = [area for area in areas if area > 0]
        classes = {name for clip in clips for second in clip['sounding'] for name in second}
        counts = '/'.join(str(sum(c['split'] == split for c in clips)) for split in ('train', 'val', 'test'))
        lines.append(
            f'| {spec.name} | {counts} | {spec.num_frames} | {len(classes)} '
            f'| {1 - len(filled) / max(len(areas), 1):.1%} | {sum(filled) / max(len(filled), 1):.1%} | {spec.about} |'
        )
    lines += vpo_lines([summaries[spec.name] for spec in specs if spec.layout == 'vpo'])
    text = PROCEDURAL_TEXT
    if media.kind == 'stamps':
        packages = FILES['packages']
        text = STAMPS_TEXT.format(
            stamps=packages['tuxpaint-stamps-default'], data=packages['tuxpaint-data'], changed=changed
        )
    write_bytes(out / 'DATACARD.md', ('\n'.join(lines) + '\n\n' + text).encode())
