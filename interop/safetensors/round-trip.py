# Reads a file and writes what it has read: python round-trip.py <from> <to>
import sys

from safetensors import safe_open
from safetensors.numpy import load_file, save_file

tensors = load_file(sys.argv[1])
with safe_open(sys.argv[1], "numpy") as file:
    metadata = file.metadata()
save_file(tensors, sys.argv[2], metadata=metadata)
