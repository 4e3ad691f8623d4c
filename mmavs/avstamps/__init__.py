"""AVStamps: an audio-visual segmentation benchmark composed on the user's machine."""
