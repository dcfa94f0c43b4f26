"""One PEFT training step a line of standard input: answers each line with the step's seconds by the clock and of CPU
time and, at the end of input, prints the process's peak memory. The peer of StepBenchmark; benchmark_step.py drives both.

Arguments: variant, rows, tokens a row, threads, 1 where activations are computed again (transformers' gradient
checkpointing), target modules, and the model's sizes as JSON. Variants:
  bf16           base in bf16, adapters in fp32 as PEFT makes them
  bf16-whole     base and adapters in bf16
  autocast       base in bf16, adapters in fp32, under torch.autocast(bf16)
  autocast-fp32  base and adapters in fp32, under torch.autocast(bf16)
  fp32           base and adapters in fp32
"""

import contextlib
import json
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


def model(variant: str, checkpointing: bool, targets: list[str], sizes: dict):
    """Weights are random, in the type they are used in from the start: speed does not depend on values, and the peer is
    spared the memory that loading a file takes."""
    config = LlamaConfig(**sizes, use_cache=False, attn_implementation="sdpa")
    torch.manual_seed(1)
    torch.set_default_dtype(torch.bfloat16 if variant in ("bf16", "bf16-whole", "autocast") else torch.float32)
    base = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    base.model.rotary_emb = type(base.model.rotary_emb)(config)
    lora = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=targets)
    adapted = get_peft_model(base, lora, autocast_adapter_dtype=variant != "bf16-whole")
    if checkpointing:
        adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    adapted.train()
    return adapted


def main() -> None:
    variant, targets, sizes = sys.argv[1], sys.argv[6].split(","), json.loads(sys.argv[7])
    rows, length, threads, checkpointing = map(int, sys.argv[2:6])
    torch.set_num_threads(threads)
    adapted = model(variant, checkpointing == 1, targets, sizes)
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0)
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(10, 49_000, (rows, length), generator=generator)

    def step() -> None:
        autocast = torch.autocast("cpu", torch.bfloat16) if variant.startswith("autocast") else contextlib.nullcontext()
        with autocast:
            loss = adapted(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        loss.item()

    for _ in range(2):
        step()
    print("ready", variant, flush=True)
    for _ in sys.stdin:
        start, start_cpu = time.perf_counter(), time.process_time()
        step()
        print(time.perf_counter() - start, time.process_time() - start_cpu, flush=True)
    print("peak-kilobytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
