"""Inputs that others change while they are read, at random moments: an error and no output, or the
average of what was there before or after the change.
"""
import os
import pathlib
import random
import subprocess
import time
import unittest

from scenes import snapshot  # first: it says where the next one is

from fault_sweep import strace_calls
from polyak_runner import IS_FULL
from sweep_test_case import SceneTest, SweepTest


class Change:
    """What is done to an input; `apply` changes the file at `path`."""

    @staticmethod
    def elements(path):
        """Some bytes in the middle of a tensor, in place: neither size nor structure tells."""
        with open(path, "r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"\x3f" * 8)

    @staticmethod
    def shorter(path):
        os.truncate(path, path.stat().st_size - 4096)

    @staticmethod
    def longer(path):
        with open(path, "ab") as file:
            file.write(bytes(4096))

    @staticmethod
    def back_in_time(path):
        """The bytes change, and the time of it is set back to what it was."""
        status = path.stat()
        Change.elements(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    @staticmethod
    def another(path):
        """Another file takes its place."""
        other = pathlib.Path(f"{path}.new")
        other.write_bytes(path.read_bytes())
        Change.elements(other)
        other.rename(path)


CHANGES = (Change.elements, Change.shorter, Change.longer, Change.back_in_time, Change.another)



class ChangedInput(SceneTest):
    def check(self, kind, runs, data=None):
        """`data` names the input file that changes, relative to the first input's folder. Goes on
        until a change has come between open and the last read."""
        scene = self.scene(kind)
        target = scene.inputs[0].parent / data if data else scene.inputs[0]
        original = target.read_bytes()
        started = time.monotonic()
        scene.reset()
        scene.run()
        usual_seconds = time.monotonic() - started
        source = random.Random(kind)
        seen, wrong = {"changed": 0, "done": 0, "damaged": 0}, []
        for i in range(10 * runs):
            if i >= runs and seen["changed"] > 0:
                break
            scene.reset()
            change = CHANGES[i % len(CHANGES)]
            process = subprocess.Popen(scene.command, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            time.sleep(source.random() * usual_seconds)
            change(target)
            stderr = process.communicate(timeout=60)[1].decode()
            result = snapshot(scene.out)
            if process.returncode == 0:
                seen["done"] += 1
                if result not in (scene.good, self.result_now(scene)):
                    wrong.append(f"{change.__name__}: a mixture")
            elif process.returncode == 1 and result == {}:
                is_change = "was changed while" in stderr or "another file" in stderr
                seen["changed" if is_change else "damaged"] += 1
            else:
                wrong.append(f"{change.__name__}: {process.returncode}, {sorted(result)} {stderr}")
            target.write_bytes(original)
        print(f"{kind}: {seen}", flush=True)
        self.assertEqual(wrong, [])
        self.assertGreater(seen["changed"], 0)

    def result_now(self, scene):
        """Of the changed input, by a run of its own; None if there is none."""
        scene.reset()
        status, _ = scene.run()
        return snapshot(scene.out) if status == 0 else None

    def test_of_onnx_is_an_error_or_harmless(self):
        self.check("onnx", 300 if IS_FULL else 20)

    def test_of_external_data_is_an_error_or_harmless(self):
        self.check("mirrored", 250 if IS_FULL else 15, data="weights.bin")

    def test_of_hdf5_is_an_error_or_harmless(self):
        self.check("hdf5", 250 if IS_FULL else 15)

    @unittest.skipUnless(IS_FULL, "long; POLYAK_FULL=1 runs it")
    def test_of_keras_files_is_an_error_or_harmless(self):
        self.check("keras", 100)
        self.check("shards", 100, data="model_00000.weights.h5")


class ChangedTemplate(SweepTest):
    def test_while_the_output_of_hdf5_is_finished_is_an_error(self):
        """The helper reads the template once more then; it is asked with the last message."""
        for kind in ("hdf5", "keras"):
            scene = self.scene(kind)
            main_thread = next(iter(strace_calls(scene).values()))
            messages = sum(name == "sendmsg" for name, _ in main_thread)
            self.assertGreater(messages, 1)
            scene.reset()
            process = subprocess.Popen(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg", "-e",
                 f"inject=sendmsg:delay_enter=1500ms:when={messages}", *scene.command],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            deadline = time.monotonic() + 20
            while not scene.temporaries() and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(0.5)
            self.assertIsNone(process.poll())
            Change.elements(scene.inputs[-1])
            stderr = process.communicate(timeout=60)[1].decode()
            self.assertEqual(process.returncode, 1, stderr)
            self.assertIn("was changed while it was read", stderr)
            self.assertEqual(snapshot(scene.out), {})


if __name__ == "__main__":
    unittest.main()
