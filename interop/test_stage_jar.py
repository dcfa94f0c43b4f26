"""A test that data-prep's shaded jar still holds what its libraries look for at run time.

Chat templates run in GraalJS, which wants a multi-release jar; libphonenumber and OpenNLP read files by their class's name,
which shading changes. Only spark-submit with the jar itself shows that.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
CHATS = 40


def chat(number: int) -> dict:
    question = f"What does clause {number} of this licence allow? Call +1 650-253-{number:04d} with the answer, please."
    answer = f"Clause {number} allows copies that carry the notice, and nothing else is said in it about copies."
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


class StageJarTest(unittest.TestCase):
    def test_prepares_chats_with_every_library_from_the_jar(self):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)
            (work / "chats.jsonl").write_text("".join(json.dumps(chat(i)) + "\n" for i in range(CHATS)))
            (work / "chats.yaml").write_text(
                f"""
                name: chats
                storage: {{runs: {work}/runs, registry: {work}/registry}}
                base: {{model: {MODEL}}}
                corpus: {{sources: [{{format: json-lines, path: {work}/chats.jsonl, kind: chat}}]}}
                prepare:
                  privacy: {{replace: [phone], phone-regions: [US]}}
                  language: {{enabled: true}}
                  split: {{validation: 0.2}}
                  sequence: {{length: 128}}
                """
            )

            command = [ROOT / "bin" / "spark-lora", "prepare", work / "chats.yaml"]
            ended = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)

            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
            (file,) = (work / "runs" / "chats" / "datasets").glob("*/manifest.json")
            manifest = json.loads(file.read_text())
            self.assertEqual(manifest["funnel"]["kept"], CHATS)
            self.assertEqual(manifest["languages"], {"eng": CHATS})
            self.assertEqual([each["values"] for each in manifest["privacy"]], [CHATS])
            learned = sum(split["supervised_tokens"] for split in manifest["splits"])
            tokens = sum(split["tokens"] for split in manifest["splits"])
            self.assertTrue(0 < learned < tokens, f"{learned} of {tokens} tokens are learned")


if __name__ == "__main__":
    unittest.main()
