"""Goldens of LoRA's variants: what PEFT makes of them over one of the tiny models of family_goldens.py, in fp32.

    /tmp/interop/bin/python interop/lora_goldens.py [VARIANT...]

For each variant below: adapter_config.json as save_pretrained writes it, and golden.safetensors with DoRA's magnitudes as
PEFT begins them, the adapter to start from, the gradient of the first step and the adapter after ten, every key as PEFT's own
file has it; ten losses, the
noise floor and every branch's rank and scaling stand in golden.json. Versions: requirements.txt.
"""

import json
import sys

import torch
from family_goldens import GOLDENS, MODELS, RATE, STEPS, build, gradient, relative
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file

BASE = "llama-attention-biases"
# Variants over another base.
BASES = {
    "dora-phi3": "phi3",
    "dora-gpt-neox": "gpt-neox",
    "dora-gpt2": "gpt2",
    "saved-gemma2": "gemma2",
    "saved-gpt2": "gpt2",
    "saved-head": "qwen2",
}
VARIANTS = {
    "rslora": dict(r=3, lora_alpha=5, use_rslora=True, target_modules="all-linear"),
    "patterns": dict(
        r=3,
        lora_alpha=5,
        target_modules=["q_proj", "k_proj", "o_proj", "gate_proj", "up_proj", "mlp.down_proj"],
        rank_pattern={"q_proj": 2, "layers.1.mlp.down_proj": 5, "^model.layers.0.mlp.(gate|up)_proj": 4},
        alpha_pattern={"self_attn.k_proj": 9, r"layers\.[02]\.mlp\.up_proj": 2},
    ),
    "rslora-patterns": dict(
        r=2,
        lora_alpha=3,
        use_rslora=True,
        target_modules=["v_proj", "down_proj"],
        rank_pattern={"down_proj": 5},
        alpha_pattern={"v_proj": 7},
    ),
    "layers": dict(
        r=3,
        lora_alpha=5,
        target_modules=["q_proj", "mlp.down_proj", "model.layers.0.self_attn.o_proj"],
        layers_to_transform=[1, 2],
    ),
    "dora": dict(r=3, lora_alpha=5, use_dora=True, target_modules="all-linear"),
    "dora-rslora-patterns": dict(
        r=2,
        lora_alpha=3,
        use_dora=True,
        use_rslora=True,
        target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={"down_proj": 5},
        alpha_pattern={"v_proj": 7},
        layers_to_transform=[1, 2],
    ),
    "dora-phi3": dict(r=3, lora_alpha=5, use_dora=True, target_modules="all-linear"),
    "dora-gpt-neox": dict(r=3, lora_alpha=5, use_dora=True, target_modules="all-linear"),
    "dora-gpt2": dict(r=3, lora_alpha=5, use_dora=True, target_modules="all-linear"),
    "saved": dict(r=3, lora_alpha=5, target_modules="all-linear", modules_to_save=["embed_tokens", "lm_head"]),
    "saved-embedding": dict(
        r=2,
        lora_alpha=3,
        target_modules=["q_proj", "v_proj"],
        layers_to_transform=[1, 2],
        modules_to_save=["embed_tokens"],
    ),
    "saved-gemma2": dict(r=3, lora_alpha=5, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    "saved-gpt2": dict(r=3, lora_alpha=5, target_modules=["c_attn"], modules_to_save=["wte", "lm_head"]),
    "saved-head": dict(r=3, lora_alpha=5, target_modules=["down_proj"], modules_to_save=["lm_head"]),
    "expression": dict(r=3, lora_alpha=5, target_modules=r".*\.[12]\.(self_attn\.(k|v)_proj|mlp\.up_proj)"),
}


def seed(name: str) -> int:
    return sum(ord(c) * (i + 1) for i, c in enumerate(name)) + 1


def adapted(base: str, lora: dict, dtype):
    """Both factors are random, so that each has a gradient from the first step on; what is saved whole is no more what it
    was in the base."""
    family, fields, _ = MODELS[base]
    config = LoraConfig(lora_dropout=0.0, task_type="CAUSAL_LM", **lora)
    model = get_peft_model(build(family, fields), config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed(name)))
                if "magnitude" in name or "modules_to_save" in name:
                    weight.mul_(1 + 0.1 * noise)
                else:
                    weight.copy_((0.1 if "lora_B" in name else weight.shape[1] ** -0.5) * noise)
    return model.to(dtype)


def first_magnitudes(base: str, lora: dict) -> dict:
    """DoRA's before any step, when B is zero."""
    family, fields, _ = MODELS[base]
    model = get_peft_model(build(family, fields), LoraConfig(task_type="CAUSAL_LM", **lora))
    return {name: value for name, value in get_peft_model_state_dict(model).items() if "magnitude" in name}


def key(name: str) -> str:
    """PEFT's file has a magnitude vector without its parameter's name, and what is saved whole by its name in the base."""
    return name.replace("lora_magnitude_vector.weight", "lora_magnitude_vector").replace(".modules_to_save", "")


def train(base: str, lora: dict):
    model = adapted(base, lora, torch.float32)
    start = {name: value.clone() for name, value in get_peft_model_state_dict(model).items()}
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    losses, first = [], {}
    for _ in range(STEPS):
        loss, grads = gradient(model)
        losses.append(loss)
        first = first or {key(name): grad for name, grad in grads.items()}
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
    _, exact = gradient(adapted(base, lora, torch.float64))
    exact = {key(name): grad for name, grad in exact.items()}
    noise = relative(
        torch.cat([first[name].flatten() for name in sorted(first)]),
        torch.cat([exact[name].flatten() for name in sorted(first)]),
    )
    end = get_peft_model_state_dict(model)
    if set(start) != set(first):
        raise SystemExit(f"gradients of {sorted(set(first) ^ set(start))} have no key in PEFT's file")
    branches = {
        name.removeprefix("base_model.model."): [layer.r["default"], layer.scaling["default"]]
        for name, layer in model.named_modules()
        if isinstance(layer, LoraLayer)
    }
    initial = first_magnitudes(base, lora)
    return model, losses, noise, branches, {"initial": initial, "start": start, "gradient": first, "end": end}


def main() -> None:
    wanted = set(sys.argv[1:])
    torch.set_num_threads(1)
    for name, lora in VARIANTS.items():
        if wanted and name not in wanted:
            continue
        directory = GOLDENS.with_name("variants") / name
        directory.mkdir(parents=True, exist_ok=True)
        base = BASES.get(name, BASE)
        model, losses, noise, branches, parts = train(base, lora)
        model.peft_config["default"].inference_mode = True
        model.peft_config["default"].save_pretrained(directory)
        tensors = {f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()}
        save_file(
            {place: value.detach().clone().contiguous() for place, value in tensors.items()},
            directory / "golden.safetensors",
        )
        figures = {"base": base, "learning_rate": RATE, "losses": losses, "gradient_noise": noise, "branches": branches}
        (directory / "golden.json").write_text(json.dumps(figures, indent=1) + "\n")
        print(name, losses[0], losses[-1], noise, len(branches))


if __name__ == "__main__":
    main()
