import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / 'datasets'))  # for layouts.py
sys.path.append(str(Path(__file__).parent))  # for downloads.py
