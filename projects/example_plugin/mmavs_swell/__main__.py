"""Print the path of the config that comes with the plugin."""

from pathlib import Path

print(Path(__file__).parent / 'configs' / 'swell_r18_ms3.py')
