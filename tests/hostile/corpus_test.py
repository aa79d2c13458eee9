"""Every row of the hostile corpus, given to average, inspect and diff: refused by its cause, or
accepted and right.
"""
import collections
import os
import pathlib
import shutil
import tempfile
import unittest

import foreign_rows
import hdf5_crafted_rows
import hdf5_rows
import keras_rows
import onnx_rows
from corpus import Measured, Trial

ALL = (*foreign_rows.ROWS, *onnx_rows.ROWS, *hdf5_rows.ROWS,
       *hdf5_crafted_rows.ROWS, *keras_rows.ARCHIVE_ROWS, *keras_rows.SHARD_ROWS)


class Corpus(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="polyak-hostile-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def check(self, rows):
        measured = Measured()
        wanted = os.environ.get("POLYAK_ROW", "")  # one row, for whoever looks into it
        rows = [row for row in rows if wanted in row.name]
        for i, row in enumerate(rows):
            with self.subTest(row.name):
                Trial(self, row, self.folder / f"{i}", measured).check()
        print(f"\n{len(rows)} rows, {sum(row.cause is None for row in rows)} of them accepted; "
              f"{measured.runs} runs, the slowest {measured.slowest}, the largest "
              f"{measured.largest_kib} KiB")

    def test_of_what_is_no_checkpoint(self):
        self.check(foreign_rows.ROWS)
        self.assertFalse(os.path.exists("/tmp/polyak-ran-a-pickle"))

    def test_of_onnx(self):
        self.check(onnx_rows.ROWS)

    def test_of_hdf5(self):
        self.check(hdf5_rows.ROWS + hdf5_crafted_rows.ROWS)

    def test_of_keras_archives(self):
        self.check(keras_rows.ARCHIVE_ROWS)

    def test_of_sharded_weights(self):
        self.check(keras_rows.SHARD_ROWS)

    def test_has_no_two_rows_of_one_name(self):
        names = collections.Counter(row.name for row in ALL)
        self.assertEqual([name for name, count in names.items() if count > 1], [])


if __name__ == "__main__":
    unittest.main()
