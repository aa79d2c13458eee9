"""Tests that mostly wait, run at the same time."""
import unittest
from concurrent.futures import ThreadPoolExecutor

MOST_AT_A_TIME = 16


class _Record(unittest.TestResult):
    """What came of one test, to be told to another result later."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def _note(name):
        def note(self, *arguments):
            self.calls.append((name, arguments))
        return note

    for _name in ("startTest", "stopTest", "addSuccess", "addError", "addFailure", "addSkip",
                  "addSubTest"):
        vars()[_name] = _note(_name)

    def tell(self, result):
        for name, arguments in self.calls:
            getattr(result, name)(*arguments)


def _tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _tests_of(test)
        else:
            yield test


def _recorded(test):
    record = _Record()
    test.run(record)
    return record


class SideBySide(unittest.TestSuite):
    """Runs all tests of a suite at the same time, and tells of them in their order. For a module:

        def load_tests(_loader, tests, _pattern):
            return SideBySide(tests)
    """

    def __init__(self, suite):
        super().__init__(_tests_of(suite))

    def run(self, result, debug=False):
        with ThreadPoolExecutor(MOST_AT_A_TIME) as pool:
            for record in pool.map(_recorded, list(self)):
                record.tell(result)
        return result


def for_each(check, cases):
    """check(case) for all at the same time; what the first one raises is raised, with its case."""
    def named(case):
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f"with {case!r}: {error}") from error
    cases = list(cases)
    with ThreadPoolExecutor(len(cases)) as pool:
        for _ in pool.map(named, cases):
            pass
