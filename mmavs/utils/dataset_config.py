"""Reading the config of a data set."""

from typing import Any

from mmengine import ConfigDict


def clip_dataset(dataset: ConfigDict | dict[str, Any]) -> ConfigDict | dict[str, Any]:
    """Return the config of the data set that reads clips, inside whatever wraps it (cached features, for example)."""
    while isinstance(dataset.get('dataset'), dict):
        dataset = dataset['dataset']
    return dataset
