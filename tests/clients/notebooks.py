"""Runs notebooks through nbconvert, and stores their outputs.

    python3 tests/clients/notebooks.py samples/tour.ipynb    runs it and stores its outputs in it
"""
import glob
import os
import subprocess
import sys

import nbformat

from kernels import KERNEL_NAME

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples")


def all_samples():
    return sorted(glob.glob(os.path.join(SAMPLES, "*.ipynb")))


def execute(path):
    """Executes a notebook like `jupyter nbconvert --execute`, without a culture."""
    converted = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--stdout",
         f"--ExecutePreprocessor.kernel_name={KERNEL_NAME}", path],
        env={**os.environ, "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, check=True)
    notebook = nbformat.reads(converted.stdout.decode(), nbformat.NO_CONVERT)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = with_streams_joined(cell.outputs)
            cell.metadata.pop("execution", None)  # the time of the run
    return notebook


def with_streams_joined(outputs):
    """Joins adjacent pieces of one stream, whose number depends on timing."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


if __name__ == "__main__":
    for path in sys.argv[1:]:
        nbformat.write(execute(path), path)
