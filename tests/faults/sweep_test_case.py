"""What the sweeps share: scenes that go when a test ends, and what must be true of a sweep."""
import subprocess
import unittest

from scenes import Scene  # first: it says where the next one is

from fault_sweep import AT_ONCE, sweep
from polyak_runner import need_program


class SceneTest(unittest.TestCase):
    def scene(self, *arguments, **options):
        made = Scene(*arguments, **options)
        self.addCleanup(made.remove)
        return made


class SweepTest(SceneTest):
    def setUp(self):
        need_program("strace")
        probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("strace may not trace here")

    def scenes(self, kind, exists):
        return [self.scene(kind, exists) for _ in range(AT_ONCE)]

    def check(self, scenes, cases, least_share):
        result = sweep(scenes, cases)
        print(f"{self.id().rpartition('.')[2]}: {result}", flush=True)
        self.assertEqual(result.wrong, [])
        # A sweep that injects nothing proves nothing. Threads share work differently each time.
        self.assertGreater(result.injected, least_share * result.runs)
        return result
