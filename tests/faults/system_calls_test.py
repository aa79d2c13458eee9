"""Every system call failing, once or from then on: the output is old, absent or complete.

The quick set leaves the dynamic loader's calls out and samples the others; POLYAK_FULL=1 does all.
"""
import unittest

from fault_sweep import error_cases, lasting_cases, numbers_of_calls
from polyak_runner import IS_FULL
from sweep_test_case import SweepTest


class FailingCalls(SweepTest):
    def check_errors(self, kind, exists, most, errors=None):
        scenes = self.scenes(kind, exists)
        numbers = numbers_of_calls(scenes[0], whole=IS_FULL)
        if IS_FULL:
            most = errors = None
        result = self.check(scenes, error_cases(numbers, most, errors), 0.8)
        self.assertGreater(result.statuses[1], result.runs / 5)

    def check_lasting(self, kind, exists, most):
        scenes = self.scenes(kind, exists)
        numbers = numbers_of_calls(scenes[0], whole=IS_FULL)
        result = self.check(scenes, lasting_cases(numbers, None if IS_FULL else most), 0.8)
        self.assertGreater(result.statuses[1], result.runs / 5)


class SystemCallThatFails(FailingCalls):
    def test_leaves_no_output_of_onnx_or_a_complete_one(self):
        self.check_errors("onnx", False, most=4)

    def test_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_errors("onnx", True, most=2, errors=2)

    def test_leaves_no_output_of_many_files_or_a_complete_one(self):
        self.check_errors("mirrored", False, most=4, errors=1)

    def test_leaves_the_old_output_with_its_data_or_a_complete_one(self):
        self.check_errors("single", True, most=2, errors=1)

    def test_leaves_no_output_of_hdf5_or_a_complete_one(self):
        self.check_errors("hdf5", False, most=2, errors=2)

    def test_leaves_the_old_keras_archive_or_a_complete_one(self):
        self.check_errors("keras", True, most=2, errors=1)

    def test_leaves_no_shards_or_all_of_them(self):
        self.check_errors("shards", False, most=2, errors=1)

    def test_for_good_leaves_no_output_of_many_files_or_a_complete_one(self):
        self.check_lasting("mirrored", False, most=3)

    def test_for_good_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_lasting("hdf5", True, most=2)


@unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
class SystemCallThatFailsElsewhere(FailingCalls):
    """What the quick set leaves out."""

    def test_leaves_the_old_output_of_hdf5_or_a_complete_one(self):
        self.check_errors("hdf5", True, most=None)

    def test_leaves_no_keras_archive_or_a_complete_one(self):
        self.check_errors("keras", False, most=None)

    def test_leaves_the_old_shards_or_all_new_ones(self):
        self.check_errors("shards", True, most=None)

    def test_leaves_the_old_output_of_many_files_or_a_complete_one(self):
        self.check_errors("mirrored", True, most=None)

    def test_leaves_no_output_with_its_data_or_a_complete_one(self):
        self.check_errors("single", False, most=None)

    def test_for_good_leaves_the_old_output_of_onnx_or_a_complete_one(self):
        self.check_lasting("onnx", True, most=None)

    def test_for_good_leaves_no_keras_archive_or_a_complete_one(self):
        self.check_lasting("keras", False, most=None)

    def test_for_good_leaves_the_old_shards_or_all_new_ones(self):
        self.check_lasting("shards", True, most=None)


if __name__ == "__main__":
    unittest.main()
