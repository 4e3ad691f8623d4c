import re
import shutil
import subprocess
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from mmavs.evaluation.bootstrap import PairedDifference
from mmavs.report.clips import ClipCard
from mmavs.report.page import PageContent, write_page
from mmavs.report.strips import Strip
from mmavs.report.tables import SetRow

EVIL = '<script>alert("&")</script>'
BROWSER = next(
    (found for name in ('chromium', 'chromium-browser', 'google-chrome', 'chrome') if (found := shutil.which(name))),
    None,
)
SCORES = {'c': [0.9, 0.1, 0.5], 'a': [0.5, 0.6, 0.5], 'b': [0.2, 0.6, 0.1], 'd': [0.4, float('nan'), 0.95]}
FLAGS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
]  # fmt: skip


def card(clip_id, scores, group='s4', noise=False):
    rng = np.random.default_rng(0)
    size = (2, 60, 90, 3)
    pictures = rng.integers(0, 255, size, dtype=np.uint8) if noise else np.full(size, 90, np.uint8)
    strips = [Strip('frames', None, pictures), *(Strip('mask', i, pictures) for i in range(len(scores)))]
    return ClipCard(clip_id, group, 'random', scores, strips)


def content(cards=None, names=('x', EVIL, 'z')):
    names = list(names)
    found = PairedDifference(0.25, 0.1, 0.4, (0.25,), 7)
    unsure = PairedDifference(-0.02, -0.1, 0.3, (-0.02,), 7)
    row = SetRow('s4', 7, (found,) * len(names), (None, found, unsure)[: len(names)])
    if cards is None:
        cards = [card(name, scores, 'ms3' if name in 'bd' else 's4') for name, scores in SCORES.items()]
    return PageContent(
        names=names,
        checkpoints=[f'{name}/iter_2.pth' for name in names],
        reference=0,
        parameters=[dict(all=2_000_000 * (i + 1), trainable=0) for i in range(len(names))],
        test_set='s4',
        metrics=[{'avs/J_frame': 0.5 + 0.1 * i, 'avs/FP': float('nan')} for i in range(len(names))],
        columns=['avs/J_frame', 'avs/FP'],
        curves=[{'loss': [(1, 2.0), (2, 1.0)], 'avs/J_frame': [(2, 0.5)], 'lr': [(1, 1.0)]}, {}, {'loss': [(1, 3.0)]}][
            : len(names)
        ],
        score='J',
        tables={'J': [row], 'F': [row]},
        cards=cards,
        gaps=[f'{EVIL} has no log'],
        notes=['a note'],
    )


@pytest.fixture
def page(tmp_path):
    return write_page(tmp_path / 'deep' / 'page.html', content(), max_mb=8)


class Tags(HTMLParser):
    """All tags with their attributes; the scripts of the page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == 'script':
            self.scripts.append(data)

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_page_needs_no_network_and_names_are_harmless(page):
    text = page.read_text()
    assert 'http' not in text
    tags = Tags(text)
    assert len(tags.scripts) == 1
    assert 'alert' not in tags.scripts[0]
    assert EVIL not in text
    assert not tags.of('link')
    assert all(attrs['src'].startswith('data:image/webp;base64,') for attrs in tags.of('img'))
    assert not any(name.startswith('on') for _, attrs in tags.tags for name in attrs)


def test_page_is_accessible(page):
    tags = Tags(page.read_text())
    assert tags.of('html') == [{'lang': 'en'}]
    alts = [attrs['alt'] for attrs in tags.of('img')]
    assert len(alts) == 16
    assert alts[1] == 'mask of x, clip c, 2 frames'
    assert all(attrs['scope'] in ('col', 'row') for attrs in tags.of('th'))
    assert len(tags.of('caption')) == 3
    assert all('aria-label' in a or a.get('aria-hidden') == 'true' for a in tags.of('svg'))


def test_tables_show_differences_to_the_reference(page):
    text = page.read_text()
    assert '<td>0.500</td><td>–</td>' in text  # the reference has no difference, a NaN is a dash
    assert '<td>0.600<small>+0.100</small></td>' in text
    assert '<td>4.00<small>× 2.00</small></td>' in text
    assert '<td><b>+0.250</b><small>+0.100 to +0.400</small></td>' in text
    assert '<td><span>-0.020</span><small>-0.100 to +0.300</small></td>' in text


def test_charts_are_losses_and_validation_metrics(page):
    labels = re.findall(r'aria-label="([^"]*)"', page.read_text())
    assert labels == [
        'loss over training steps; last values: x 1, z 3',
        'J_frame over training steps; last values: x 0.5',
    ]


def test_pictures_shrink_until_the_page_fits(tmp_path):
    cards = [card(f'clip{i}', [0.5, 0.5, 0.5], noise=True) for i in range(4)]
    large = write_page(tmp_path / 'large.html', content(cards), max_mb=8)
    limit = 0.5 * large.stat().st_size / 1e6
    small = write_page(tmp_path / 'small.html', content(cards), max_mb=limit)
    assert small.stat().st_size <= limit * 1e6
    assert '144 pixels per frame' in large.read_text()
    assert '144 pixels per frame' not in small.read_text()
    with pytest.raises(ValueError, match=r'the page needs .* MB with the smallest pictures, more than 0.01 MB'):
        write_page(tmp_path / 'none.html', content(cards), max_mb=0.01)
    assert not (tmp_path / 'none.html').exists()


def test_a_single_model_and_a_page_without_clips(tmp_path):
    text = write_page(tmp_path / 'p.html', content([], ['x']), max_mb=8).read_text()
    assert 'No clips were asked for' in text
    text = write_page(tmp_path / 'p.html', content([card('a', [0.5])], ['x']), max_mb=8).read_text()
    assert 'largest difference' not in text
    assert 'name="a"' not in text


def browse(page, tmp_path, address='', *options):
    if BROWSER is None:
        pytest.skip('chromium or chrome not found')
    profile = tmp_path / 'profile'
    command = [BROWSER, *FLAGS, f'--user-data-dir={profile}', *options, f'{page.as_uri()}{address}']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    shutil.rmtree(profile, ignore_errors=True)
    return done.stdout


@pytest.mark.parametrize(
    ('address', 'order'),
    [
        ('', 'cabd'),
        ('#sort=diff&a=0&b=1', 'cbad'),  # differences 0.8, 0.4, 0.1 and none
        ('#sort=a&a=2&b=0', 'dabc'),
        ('#sort=b&a=2&b=0', 'cbad'),
        ('#sort=best', 'dacb'),  # a mean over the scores there are
        ('#sort=worst', 'bcad'),
        ('#sort=id', 'abcd'),
        ('#sort=id&set=1', 'bd'),
        ('#sort=nonsense&set=9', 'cabd'),
    ],
)
def test_order_in_the_browser(page, tmp_path, address, order):
    found = [
        attrs for tag, attrs in Tags(browse(page, tmp_path, address, '--dump-dom')).tags if attrs.get('class') == 'card'
    ]
    assert ''.join(attrs['data-id'] for attrs in found if 'hidden' not in attrs) == order
    assert len(found) == 4


def test_screenshot_shows_table_curves_and_clips(page, tmp_path):
    file = tmp_path / 'shot.png'
    browse(page, tmp_path, '', f'--screenshot={file}', '--window-size=1280,1600')
    shot = cv2.imread(str(file))
    assert shot.shape == (1600, 1280, 3)
    ground = shot[5, 5]
    drawn = (np.abs(shot.astype(int) - ground).max(-1) > 20).any(1)
    assert drawn.mean() > 0.4  # most rows of pixels show something
    blue = np.abs(shot.astype(int) - (0xC4, 0x62, 0x0B)).max(-1) < 30
    assert blue.sum() > 150  # the curves and the swatches of the first model
