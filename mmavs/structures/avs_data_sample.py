"""The sample that travels with a clip through pipeline, model, metrics and visualizer."""

from mmengine.structures import BaseDataElement


class AVSDataSample(BaseDataElement):
    """Annotations and predictions of one clip.

    Data fields (all tensors; ``T`` is the clip's own length, never padded):
        - ``gt_masks`` ``(T, H, W)`` long: 0 background, class index (1 in binary tasks), 255 ignore.
        - ``frame_valid`` ``(T,)`` bool: the frame exists.
        - ``frame_annotated`` ``(T,)`` bool: the frame has a label the loss may use.
        - ``frame_labelled`` ``(T,)`` bool: ``gt_masks`` of the frame is known (what a metric may use); differs from
          ``frame_annotated`` where an official protocol hides labels from the loss.
        - ``tags`` ``(T, num_tags)`` float, optional: 1 for every class that sounds in the second.
        - ``pred_logits`` ``(T, K, H, W)`` float, ``pred_masks`` ``(T, H, W)`` long.
        - ``pred_uncertainty`` ``(T, H, W)`` float in [0, 1], ``pred_groups`` ``(T, H, W)`` long (unrelated between frames) and
          ``pred_response`` ``(T, H, W)`` float in [0, 1], how strongly each token answers to the sound; where the model has
          them. Groups and responses have one value per token, copied to its pixels.

    Metainfo: ``clip_id``, ``subset``, ``classes`` (names by index), ``frame_paths``, ``mask_paths``, ``audio_path``,
    ``ori_shape`` ``(H, W)``.
    """
