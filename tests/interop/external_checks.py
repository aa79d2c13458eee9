"""What the tests of ONNX with external data share: such models, and whether an output is right."""
from onnx import numpy_helper

import external_models
import model_tensors
import onnx_models
import perturbed_models
from external_models import AVERAGED, PARTS
from polyak_runner import FolderTest


class ExternalTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.inputs = self.models()
        self.out = self.folder / "out"
        self.out.mkdir()

    def models(self, parts=PARTS, more=lambda k: (), count=2):
        """One in a folder each."""
        return [external_models.write(self.folder / f"{k}", k, parts, more(k))
                for k in range(count)]

    def assert_mean(self, output, inputs=None, names=AVERAGED):
        inputs = inputs or self.inputs
        perturbed_models.assert_mean(
            self, [model_tensors.load(path) for path in inputs], model_tensors.load(output),
            names, [*(path.parent for path in inputs), output.parent])

    def assert_onnx_reads(self, output):
        """python3-onnx's own reader of external data has the elements that ours has."""
        model = model_tensors.load(output)
        ours = model_tensors.floats_by_name(model, output.parent)
        for tensor in model.graph.initializer:
            # It knows no bfloat16, and takes all of the file where no length is given.
            is_known = "length" in {entry.key for entry in tensor.external_data}
            if tensor.name in ours and is_known and tensor.data_type != tensor.BFLOAT16:
                array = numpy_helper.to_array(tensor, str(output.parent))
                found = onnx_models.unpack_bits(array.tobytes(), ours[tensor.name].number)
                self.assertEqual(found == ours[tensor.name].bits, True, tensor.name)

    def entries(self, output):
        return {tensor.name: {entry.key: entry.value for entry in tensor.external_data}
                for tensor in model_tensors.load(output).graph.initializer}
