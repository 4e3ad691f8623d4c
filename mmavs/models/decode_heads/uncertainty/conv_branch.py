"""The small convolutional branch that predicts a map from the feature."""

from torch import Tensor, nn


class ConvBranch(nn.Module):
    """3x3 convolution, batch norm, ReLU, channel dropout, 1x1 convolution.

    In training the batch statistics include padded frames, which are zero.

    Args:
        channels: ``C``, also the hidden width.
        out_channels: Channels of the result.
        dropout: Rate at which whole channels are dropped before the last layer, in training.

    Shapes:
        - in: ``(M, C, h, w)``.
        - out: ``(M, out_channels, h, w)`` and the input of the last layer before dropout ``(M, C, h, w)``.
    """

    def __init__(self, channels: int, out_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout2d(dropout)
        self.classify = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the predicted map and the hidden one."""
        hidden = self.relu(self.norm(self.conv(x)))
        return self.classify(self.dropout(hidden)), hidden
