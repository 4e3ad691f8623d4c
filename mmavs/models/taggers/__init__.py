"""Audio taggers: pre-training of audio backbones on clip labels."""

from .audio_tagger import AudioTagger

__all__ = ['AudioTagger']
