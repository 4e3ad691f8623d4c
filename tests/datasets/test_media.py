import cv2
import numpy as np
import pytest
from layouts import blob, picture
from PIL import Image

from mmavs.datasets import voc_palette
from mmavs.datasets.media import read_image, read_mask

PALETTE = np.array(voc_palette(71), np.uint8)


@pytest.mark.parametrize('name', ['a.png', 'a.jpg'])
def test_pictures_equal_those_of_pillow(tmp_path, name):
    smooth = cv2.GaussianBlur(picture(0, (50, 70)), (0, 0), 2)
    Image.fromarray(smooth).save(tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name), np.asarray(Image.open(tmp_path / name)))


def test_grey_and_transparent_pictures_become_rgb_and_orientation_is_ignored(tmp_path):
    Image.fromarray(picture(0)[..., 0]).save(tmp_path / 'grey.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'grey.png'), picture(0)[..., :1].repeat(3, -1))
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(picture(0)).save(tmp_path / 'turned.jpg', exif=exif)
    assert read_image(tmp_path / 'turned.jpg').shape == picture(0).shape


@pytest.mark.parametrize('container', ['1', 'L', 'P', 'RGB'])
def test_black_and_white_masks_in_any_container(tmp_path, container):
    mask = blob(0)
    Image.fromarray(mask.astype(np.uint8) * 255).convert(container).save(tmp_path / 'm.png')
    for mode in ('binary', 'index') if container != 'P' else ('binary',):
        got = read_mask(tmp_path / 'm.png', mode, 2, mask.shape)
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got, mask)


def test_index_masks_keep_their_numbers_even_with_a_palette(tmp_path):
    index = (blob(0) * 70 + blob(1) * 0).astype(np.uint8)
    index[0, 0] = 255
    for container in ('L', 'P'):
        image = Image.fromarray(index)
        if container == 'P':
            image.putpalette(PALETTE.reshape(-1).tolist())
        image.save(tmp_path / 'm.png')
        np.testing.assert_array_equal(read_mask(tmp_path / 'm.png', 'index', 71), index)


def test_every_colour_of_the_palette_is_its_class(tmp_path):
    index = np.arange(71, dtype=np.uint8).reshape(1, 71).repeat(3, 0)
    Image.fromarray(PALETTE[index]).save(tmp_path / 'm.png')
    np.testing.assert_array_equal(read_mask(tmp_path / 'm.png', 'palette', 71), index)


def test_an_unknown_colour_is_an_error_or_background_as_published(tmp_path):
    colours = PALETTE[np.full((4, 4), 7)]
    colours[1, 2] = (1, 2, 3)
    Image.fromarray(colours).save(tmp_path / 'm.png')
    for share in (0, 0.06):
        with pytest.raises(
            ValueError, match=r'1 pixels of a colour that no class has, .*, for example RGB \(1, 2, 3\)'
        ):
            read_mask(tmp_path / 'm.png', 'palette', 71, max_unmatched=share)
    got = read_mask(tmp_path / 'm.png', 'palette', 71, max_unmatched=1 / 16)
    assert got[1, 2] == 0
    assert (got == 7).sum() == 15


def test_wrong_values_and_sizes_are_named(tmp_path):
    Image.fromarray(np.full((4, 5), 7, np.uint8)).save(tmp_path / 'm.png')
    for mode in ('binary', 'index'):
        with pytest.raises(ValueError, match=r"m\.png' holds the values \[7\]"):
            read_mask(tmp_path / 'm.png', mode, 2)
    with pytest.raises(ValueError, match=r"m\.png' holds the class index 7, the data set has the classes 0\.\.6"):
        read_mask(tmp_path / 'm.png', 'index', 7)
    with pytest.raises(ValueError, match=r"m\.png' is 4x5 .* its frame is 5x4"):
        read_mask(tmp_path / 'm.png', 'index', 71, (5, 4))
    Image.fromarray(picture(0)).save(tmp_path / 'rgb.png')
    with pytest.raises(ValueError, match="pixel format 'RGB'"):
        read_mask(tmp_path / 'rgb.png', 'index', 71)
    with pytest.raises(ValueError, match='mode must be one of'):
        read_mask(tmp_path / 'm.png', 'colour', 71)
    with pytest.raises(ValueError, match='max_unmatched must be a share'):
        read_mask(tmp_path / 'm.png', 'palette', 71, max_unmatched=2)


@pytest.mark.parametrize('name', ['a.png', 'a.jpg'])
def test_damaged_pictures_are_named(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(picture(0)).save(path)
    data = path.read_bytes()
    for damaged, message in (
        (data[: len(data) // 2], 'truncated'),
        (b'', 'empty'),
        (b'not a picture', 'cannot be decoded'),
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=message) as error:
            read_image(path)
        assert str(path) in str(error.value)
        for mode in ('binary', 'index'):
            with pytest.raises(ValueError, match=message):
                read_mask(path, mode, 2)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r'a\.(png|jpg)'):
        read_image(path)


def test_a_flipped_bit_in_a_png_is_found(tmp_path):
    Image.fromarray(picture(0)).save(tmp_path / 'a.png')
    data = bytearray((tmp_path / 'a.png').read_bytes())
    data[len(data) // 2] ^= 0x55
    (tmp_path / 'a.png').write_bytes(data)
    with pytest.raises(ValueError, match='cannot be decoded'):
        read_image(tmp_path / 'a.png')


@pytest.mark.parametrize('width', [3, 71, 70_000])
def test_colours_are_looked_up_alike_in_blocks_of_any_number_of_rows(tmp_path, width):
    index = np.random.default_rng(0).integers(0, 71, (3, width), dtype=np.uint8)
    Image.fromarray(PALETTE[index]).save(tmp_path / 'm.png')
    np.testing.assert_array_equal(read_mask(tmp_path / 'm.png', 'palette', 71), index)
    colours = PALETTE[index]
    colours[2, width - 1] = (0, 0, 1)
    Image.fromarray(colours).save(tmp_path / 'm.png')
    with pytest.raises(ValueError, match=r'1 pixels of a colour .* RGB \(0, 0, 1\)'):
        read_mask(tmp_path / 'm.png', 'palette', 71)
    index[2, width - 1] = 0
    np.testing.assert_array_equal(read_mask(tmp_path / 'm.png', 'palette', 71, max_unmatched=1), index)


def test_index_masks_with_few_bits_and_transparency_read_as_pillow_reads_them(tmp_path):
    index = blob(0).astype(np.uint8) * 3
    Image.fromarray(index).save(tmp_path / 'clear.png', transparency=3)
    few = Image.fromarray(index, 'L').convert('P')
    few.putpalette(PALETTE[:4].reshape(-1).tolist())
    few.save(tmp_path / 'few.png', bits=2)
    for name in ('clear', 'few'):
        with Image.open(tmp_path / f'{name}.png') as image:
            np.testing.assert_array_equal(read_mask(tmp_path / f'{name}.png', 'index', 71), np.asarray(image))


@pytest.mark.parametrize('mode', ['index', 'vpo'])
def test_a_truncated_or_flipped_grey_mask_is_named(tmp_path, mode):
    path = tmp_path / 'm.png'
    Image.fromarray(picture(0)[..., 0] % 2).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"m\.png' is truncated"):
        read_mask(path, mode, 71)
    broken = data.replace(b'IDAT', b'IDAX')
    path.write_bytes(broken)
    with pytest.raises(ValueError, match=r"m\.png' cannot be decoded"):
        read_mask(path, mode, 71)
