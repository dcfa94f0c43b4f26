"""What can be tested without PyTorch: python3 -m unittest discover -s interop"""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import base_model
import check_adapter
from check_adapter import Check


class CheckAdapterTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.root = Path(self.temporary.name)

    def version(self) -> Path:
        version = self.root / "registry" / "tiny" / "v1"
        version.mkdir(parents=True)
        config = {"base": {"model": "models/tiny.gguf", "dtype": "bf16"}}
        (version / "manifest.json").write_text(
            json.dumps({"name": "tiny", "dataset_key": "0123456789abcdef" * 4, "config": json.dumps(config)})
        )
        return version

    def result(self) -> Path:
        results = self.root / "runs" / "tiny" / "results"
        results.mkdir(parents=True)
        file = results / "evaluate.json"
        file.write_text(json.dumps({"figures": {"base_loss_nats": 2.8, "adapter_loss_nats": 2.3}}))
        return file

    def test_finds_everything_from_a_registry_version(self):
        version = self.version()
        self.result()
        check = check_adapter.parse([str(version), "--runs", str(self.root / "runs")])
        self.assertEqual(
            check,
            Check(
                version,
                Path("models/tiny.gguf"),
                self.root / "runs" / "tiny" / "datasets" / "0123456789abcdef",
                "bf16",
                2.8,
                2.3,
            ),
        )

    def test_asks_for_what_a_bare_adapter_does_not_say(self):
        with contextlib.redirect_stderr(io.StringIO()) as errors, self.assertRaises(SystemExit):
            check_adapter.parse([str(self.root), "--result", str(self.result()), "--base", "b", "--dtype", "fp32"])
        self.assertIn("give --dataset", errors.getvalue())

    def test_takes_packed_documents_apart_and_leaves_padding_out(self):
        row = {
            "sequence_id": 3,
            "input_ids": [5, 6, 7, 8, 9, 0],
            "labels": [-100, 6, -100, 8, 9, -100],
            "seq_lengths": [2, 3, 1],
        }
        self.assertEqual(list(check_adapter.documents(row)), [([5, 6], [-100, 6]), ([7, 8, 9], [-100, 8, 9])])

    def test_refuses_a_label_across_documents(self):
        row = {"sequence_id": 3, "input_ids": [5, 6], "labels": [-100, 6], "seq_lengths": [1, 1]}
        with self.assertRaisesRegex(SystemExit, "sequence 3: a document's first token has a label"):
            list(check_adapter.documents(row))

    def test_allows_half_a_percent_for_bf16_and_a_ten_thousandth_for_fp32(self):
        for dtype, agreed in (("bf16", True), ("fp32", False)):
            check = Check(self.root, self.root, self.root, dtype, 2.8, 2.3)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self.assertIs(check_adapter.report(check, {"base": 2.8, "adapter": 2.31}, 100), agreed)
            self.assertIn("4.33e-03", printed.getvalue())

    def test_names_tensors_as_hugging_face_does(self):
        self.assertEqual(base_model.hugging_face_name("blk.3.attn_q.weight"), "model.layers.3.self_attn.q_proj.weight")
        self.assertEqual(base_model.hugging_face_name("output_norm.weight"), "model.norm.weight")
        with self.assertRaises(SystemExit):
            base_model.hugging_face_name("blk.3.attn_q.bias.more")


if __name__ == "__main__":
    unittest.main()
