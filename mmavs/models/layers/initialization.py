"""Weight initialisation that published transformers have in common."""

from torch import nn


def xavier_uniform_weights(module: nn.Module) -> None:
    """Draw every parameter of two or more dimensions from Xavier's uniform distribution, embeddings and convolutions included.

    Args:
        module: Initialised in place; biases and norms keep their values. A part that resets itself differently is reset after
            this call.
    """
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
