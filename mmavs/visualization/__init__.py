"""Pictures of clips and reports of runs."""

from .avs_visualizer import AVSVisualizer
from .clip_sheet import draw_clip
from .visualization_hook import AVSVisualizationHook

__all__ = ['AVSVisualizationHook', 'AVSVisualizer', 'draw_clip']
