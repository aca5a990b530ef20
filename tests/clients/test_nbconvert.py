"""Every sample notebook gives through nbconvert what is stored in it."""
import unittest

import nbformat

from notebooks import all_samples, execute


class Samples(unittest.TestCase):
    maxDiff = None

    def test_every_sample_gives_the_outputs_that_are_stored_in_it(self):
        samples = all_samples()
        self.assertTrue(samples)
        for path in samples:
            stored = nbformat.read(path, nbformat.NO_CONVERT)
            nbformat.validate(stored)
            self.assertTrue(any(cell.get("outputs") for cell in stored.cells), f"{path} has no outputs to compare")
            executed = execute(path)
            for number, (old, new) in enumerate(zip(stored.cells, executed.cells, strict=True), start=1):
                with self.subTest(path=path, cell=number):
                    self.assertEqual(new.get("outputs"), old.get("outputs"))
                    self.assertEqual(new.get("execution_count"), old.get("execution_count"))
