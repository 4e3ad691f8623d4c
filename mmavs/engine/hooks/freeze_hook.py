"""Train without some modules for the first epochs."""

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmavs.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Keep the weights of some modules fixed for the first epochs.

    Their parameters get no gradient, so that the optimizer leaves them alone, weight decay included. Their mode is not touched:
    batch norms go on collecting statistics, as in the published trainings. What is frozen follows from the epoch alone, so a
    resumed run goes on as if it had never stopped.

    Args:
        modules: Names of modules of the model, for example ``'backbone'`` or ``'backbone.body.layer1'``.
        epochs: Number of epochs, counted from the start of the training.

    Raises:
        ValueError: No module, no epoch, a model that has no such module, a module without a parameter to freeze, or a model
            distributed over processes without ``find_unused_parameters``.

    Source: ``freeze_epochs`` of AVSegFormer (5 on S4, 10 on MS3).
    """

    def __init__(self, modules: Sequence[str], epochs: int) -> None:
        if isinstance(modules, str) or not modules:
            raise ValueError(f'FreezeHook: modules must be a list of names, got {modules!r}')
        if epochs < 1:
            raise ValueError(f'FreezeHook: epochs must be positive, got {epochs}; leave the hook out to freeze nothing')
        self.modules = tuple(modules)
        self.epochs = epochs
        self._parameters: list[nn.Parameter] = []

    def before_train(self, runner: Runner) -> None:
        """Find the parameters; those that the model itself keeps frozen stay so for good."""
        model = runner.model
        if is_model_wrapper(model):
            if not getattr(model, 'find_unused_parameters', True):
                raise ValueError('FreezeHook in several processes needs find_unused_parameters=True in the config')
            model = model.module
        self._parameters = []
        for name in self.modules:
            try:
                module = model.get_submodule(name)
            except AttributeError as error:
                known = [child for child, _ in model.named_children()]
                raise ValueError(f'FreezeHook: the model has no module {name!r}; its parts are {known}') from error
            parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
            if not parameters:
                raise ValueError(f'FreezeHook: {name!r} has no parameter that is trained; take it out of modules')
            self._parameters += parameters

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Freeze or free, as the epoch says."""
        trained = runner.epoch >= self.epochs
        if self._parameters[0].requires_grad != trained:
            for parameter in self._parameters:
                parameter.requires_grad_(trained)
                parameter.grad = None

    def after_train(self, runner: Runner) -> None:
        """Leave the model as it came."""
        for parameter in self._parameters:
            parameter.requires_grad_(True)
