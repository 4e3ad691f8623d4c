import base64

import cv2
import numpy as np
from report_runs import make_config, make_data, make_run

from mmavs.report.results import LazyTestSet, ModelTester
from mmavs.report.runs import TrainedRun
from mmavs.report.strips import Prediction, draw_strips, predict

FRAMES = np.full((3, 20, 30, 3), 120, np.uint8)


def decoded(strip, width=64, quality=90):
    data = strip.data_uri(width, quality).removeprefix('data:image/webp;base64,')
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def masks(columns):
    out = np.zeros((3, 20, 30), np.int64)
    out[:, :, columns] = 1
    return out


def test_strips_show_what_is_in_the_masks():
    uncertain = Prediction(masks(slice(0, 15)), np.full((3, 5, 6), 0.2, np.float32))
    strips = draw_strips(
        FRAMES, masks(slice(15, 30)), [Prediction(masks(slice(0, 0)), None), uncertain], semantic=False
    )
    assert [(s.name, s.model) for s in strips] == [
        ('frames', None),
        ('truth', None),
        ('mask', 0),
        ('mask', 1),
        ('uncertainty, 0 to 0.25', 1),
    ]
    truth, mask = decoded(strips[1]), decoded(strips[3])
    assert truth.shape == (43, 3 * 64 + 2 * 2, 3)
    left, right = (20, 16), (20, 48)
    assert truth[right][1] > truth[right][0] + 30  # green
    assert abs(int(truth[left][1]) - int(truth[left][0])) < 10
    assert mask[left][0] > mask[left][1] + 30  # red
    assert abs(int(mask[20, 16 + 66][0]) - int(mask[left][0])) < 15  # the second frame looks like the first


def test_classes_have_their_own_colours():
    labels = masks(slice(0, 15)) * 2 + masks(slice(15, 30)) * 5
    strip = draw_strips(FRAMES, labels, [Prediction(labels, None)], semantic=True)[2]
    image = decoded(strip).astype(int)
    assert np.abs(image[20, 16] - image[20, 48]).max() > 40


def test_smaller_sizes_weigh_less():
    noise = np.random.default_rng(0).integers(0, 255, (2, 60, 60, 3), dtype=np.uint8)
    strip = draw_strips(noise, np.zeros((2, 60, 60), int), [], semantic=False)[0]
    assert len(strip.data_uri(64, 30)) < len(strip.data_uri(144, 75)) / 4


def test_a_model_predicts_its_own_item(tmp_path):
    data = make_data(tmp_path, clips=1)
    assert 'uncertainty' in make_config(data, uncertainty=True).model.decode_head
    run = TrainedRun(make_run(tmp_path / 'a', data, uncertainty=True))
    prediction, sample = predict(ModelTester().model(run), LazyTestSet(run, 'matched').clip('test-clip0'))
    assert prediction.masks.shape == prediction.uncertainty.shape == (5, 24, 32)
    np.testing.assert_array_equal(prediction.masks, (sample.pred_logits[:, 0] > 0).numpy())
