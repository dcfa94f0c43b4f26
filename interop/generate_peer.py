"""One text a line of standard input, by transformers or llama.cpp: the prompt in one call, then a token at a time with keys
and values kept, always the likeliest. Answers each line with the prompt's seconds, the seconds of all further tokens, and these
tokens; at the end of input prints the process's peak memory. The peer of DecoderBenchmark; benchmark_generate.py drives both.

Arguments: transformers or llama.cpp, model, float32 or bfloat16 (what transformers computes in), threads, tokens to generate,
the prompt's ids with commas between.
"""

import resource
import sys
import time
from pathlib import Path


class Transformers:
    """The loop that transformers' generate is at its heart, without what it does around each token."""

    def __init__(self, model: Path, dtype: str, threads: int):
        import base_model
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.model = base_model.load(model, dtype, "sdpa")
        self.about = f"PyTorch {torch.__version__} {dtype}"

    def append(self, tokens: list[int], cache) -> tuple[int, object]:
        with self.torch.inference_mode():
            ids = self.torch.tensor([tokens])
            answer = self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return int(answer.logits[0, -1].argmax()), answer.past_key_values

    def text(self, prompt: list[int], tokens: int) -> list:
        start = time.perf_counter()
        token, cache = self.append(prompt, None)
        read = time.perf_counter()
        made = []
        for _ in range(tokens):
            made.append(token)
            token, cache = self.append([token], cache)
        return [read - start, time.perf_counter() - read, *made]


class LlamaCpp:
    """llama.cpp's server within this process, which says itself what prompt and text took."""

    def __init__(self, model: Path, threads: int, context: int):
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(model)
        params.n_ctx = params.n_batch = params.n_ubatch = context
        params.n_parallel = 1
        params.warmup = False
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        # Repacked weights crash on processors with AMX.
        params.no_extra_bufts = "amx" in Path("/proc/cpuinfo").read_text()
        self.server = xllamacpp.Server(params)
        self.made: list[int] = []
        self.about = xllamacpp.get_system_info()

    def text(self, prompt: list[int], tokens: int) -> list:
        request = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "cache_prompt": False, "ignore_eos": True}
        if not self.made:
            # Asked for only once, as it takes time: which tokens the text is of.
            steps = self.server.handle_completions(request | {"n_probs": 1})["choices"][0]["logprobs"]["content"]
            self.made = [step["id"] for step in steps]
        timings = self.server.handle_completions(request)["timings"]
        if (timings["prompt_n"], timings["predicted_n"]) != (len(prompt), tokens):
            raise SystemExit(f"llama.cpp made another text than asked for: {timings}")
        return [timings["prompt_ms"] / 1e3, timings["predicted_ms"] / 1e3, *self.made]


def main() -> None:
    library, file, dtype = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    threads, tokens = int(sys.argv[4]), int(sys.argv[5])
    prompt = [int(word) for word in sys.argv[6].split(",")]
    if library == "transformers":
        model = Transformers(file, dtype, threads)
    else:
        model = LlamaCpp(file, threads, len(prompt) + tokens + 1)
    model.text(prompt, tokens)
    print("ready", model.about, flush=True)
    for _ in sys.stdin:
        print(*model.text(prompt, tokens), flush=True)
    print("peak-kilobytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
