"""Goldens of the decoder families: tiny random models with what transformers and PEFT make of them in fp32.

    /tmp/interop/bin/python interop/family_goldens.py [MODEL...]

For each model below: config.json and model.safetensors as save_pretrained writes them (weights rounded to bf16 and
stored so), and golden.safetensors with ids, logits of the base at a few tokens, and for `all-linear` and for q and v the
adapter to start from, the gradient of the first step and the adapter after ten, every key as PEFT's own file has it;
ten losses stand in golden.json, with the distance between the gradients in fp32 and in fp64, which is the noise floor.
config_fields.json, among the pipeline's test resources, lists what each family's configuration reads, with its defaults.

No default may hide a field: for every value that is not a size, the loss is computed once more with the value that
changes nothing, and must differ. Versions: requirements.txt.
"""

import copy
import dataclasses
import json
import re
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING, GenerationConfig, PreTrainedConfig

ROOT = Path(__file__).resolve().parents[1]
GOLDENS = ROOT / "training-job/src/test/resources/io/sparklora/training/model/families"
FIELDS = ROOT / "pipeline/src/test/resources/io/sparklora/pipeline/basemodel/config_fields.json"
VOCABULARY = 300
ROWS, LENGTH = 2, 24
LOGIT_POSITIONS = [0, 1, 9, 23, 24, 47]
RANK, ALPHA, STEPS, RATE = 3, 5, 10, 5e-3
# the layers that have queries and values
QUERY_VALUE = {
    "phi3": ["qkv_proj"],
    "gpt2": ["c_attn"],
    "gpt_neox": ["query_key_value"],
    "falcon": ["query_key_value"],
    "mpt": ["Wqkv"],
}

SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    rms_norm_eps=1e-5,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=None,
)
OTHER_SIZES = dict(
    SIZES,
    hidden_size=40,
    intermediate_size=56,
    num_hidden_layers=3,
    num_attention_heads=5,
    num_key_value_heads=1,
    max_position_embeddings=96,
    rms_norm_eps=3e-3,
)
STARCODER2_SIZES = {("norm_epsilon" if name == "rms_norm_eps" else name): value for name, value in SIZES.items()}
OTHER_STARCODER2_SIZES = dict(
    {name: value for name, value in OTHER_SIZES.items() if name != "rms_norm_eps"}, norm_epsilon=3e-3
)
NEOX_SIZES = dict(
    {name: value for name, value in SIZES.items() if name not in ("rms_norm_eps", "num_key_value_heads")},
    layer_norm_eps=1e-5,
)
FALCON_SIZES = dict(
    {name: value for name, value in NEOX_SIZES.items() if name not in ("layer_norm_eps", "intermediate_size")},
    ffn_hidden_size=48,
    layer_norm_epsilon=1e-5,
)
OTHER_FALCON_SIZES = dict(
    FALCON_SIZES,
    hidden_size=40,
    ffn_hidden_size=56,
    num_hidden_layers=3,
    num_attention_heads=5,
    max_position_embeddings=96,
    layer_norm_epsilon=3e-3,
)
MPT_SIZES = dict(
    vocab_size=VOCABULARY,
    d_model=32,
    n_layers=2,
    n_heads=4,
    max_seq_len=64,
    layer_norm_epsilon=1e-5,
    bos_token_id=1,
    eos_token_id=2,
)
GPT2_SIZES = dict(
    vocab_size=VOCABULARY,
    n_embd=32,
    n_inner=48,
    n_layer=2,
    n_head=4,
    n_positions=64,
    layer_norm_epsilon=1e-5,
    bos_token_id=1,
    eos_token_id=2,
)
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5e5,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}


YARN = {
    "rope_type": "yarn",
    "rope_theta": 300.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
    "beta_fast": 2.0,
    "beta_slow": 0.2,
    "mscale": 0.7,
    "mscale_all_dim": 0.3,
}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 300.0,
    "partial_rotary_factor": 0.5,
    "short_factor": [1.2, 0.6],
    "long_factor": [2.0, 0.3],
}


def without(parameters: dict, *names: str) -> dict:
    return {name: value for name, value in parameters.items() if name not in names}


def targets_of(family: str) -> dict:
    return {"all-linear": ["all-linear"], "q-v": QUERY_VALUE.get(family, ["q_proj", "v_proj"])}


# Falcon's eager attention adds its linear biases twice (5.23.0), its own default once
ATTENTION = {"falcon": "sdpa"}
EMBEDDINGS = ("embed_tokens", ".embed_in.", ".word_embeddings.", ".wte.", ".wpe.")


def theta(value: float) -> dict:
    return {"rope_type": "default", "rope_theta": value}


# name: family, configuration, and per field the value, or values, that would change nothing or be another's
MODELS = {
    "llama-biases": (
        "llama",
        dict(SIZES, head_dim=12, attention_bias=True, mlp_bias=True, rope_parameters=LLAMA3),
        {"attention_bias": False, "mlp_bias": False, "rope_parameters": theta(5e5)},
    ),
    "llama-attention-biases": (
        "llama",
        dict(OTHER_SIZES, attention_bias=True, tie_word_embeddings=True, rope_parameters=theta(300.0)),
        {"attention_bias": False, "rope_parameters": theta(1e4)},
    ),
    "llama-yarn": (
        "llama",
        dict(SIZES, head_dim=12, rope_parameters=YARN),
        {
            "rope_parameters": (
                theta(300.0),
                without(YARN, "beta_fast"),
                without(YARN, "beta_slow"),
                without(YARN, "mscale"),
                without(YARN, "mscale_all_dim"),
                dict(YARN, truncate=False),
                dict(YARN, original_max_position_embeddings=128),
            )
        },
    ),
    "mistral-window": (
        "mistral",
        dict(SIZES, head_dim=12, sliding_window=5, rope_parameters=theta(1e4)),
        {"sliding_window": None, "rope_parameters": theta(300.0)},
    ),
    "mistral": (
        "mistral",
        dict(OTHER_SIZES, sliding_window=None, tie_word_embeddings=True, rope_parameters=theta(1e6)),
        {"sliding_window": 23},
    ),
    "qwen2": ("qwen2", dict(SIZES, rope_parameters=theta(1e6)), {"rope_parameters": theta(1e4)}),
    "qwen2-tied": (
        "qwen2",
        dict(OTHER_SIZES, head_dim=16, tie_word_embeddings=True, rope_parameters=theta(300.0)),
        {"rope_parameters": theta(1e4)},
    ),
    "qwen2-yarn": (
        "qwen2",
        dict(
            OTHER_SIZES,
            rope_parameters={
                "rope_type": "yarn",
                "rope_theta": 20.0,
                "factor": 8.0,
                "beta_fast": 2.0,
                "truncate": False,
                "attention_factor": 0.8,
            },
        ),
        {
            "rope_parameters": (
                theta(20.0),
                {"rope_type": "yarn", "rope_theta": 20.0, "factor": 8.0, "beta_fast": 2.0, "attention_factor": 0.8},
                {"rope_type": "yarn", "rope_theta": 20.0, "factor": 8.0, "beta_fast": 2.0, "truncate": False},
            )
        },
    ),
    "qwen2-window": (
        "qwen2",
        dict(OTHER_SIZES, rope_parameters=theta(1e4), use_sliding_window=True, sliding_window=7, max_window_layers=1),
        {"use_sliding_window": False, "sliding_window": 8, "max_window_layers": 3},
    ),
    "qwen3": (
        "qwen3",
        dict(SIZES, head_dim=12, rope_parameters=theta(1e6)),
        {"rope_parameters": theta(1e4), "attention_bias": True},
    ),
    "qwen3-biases": (
        "qwen3",
        dict(
            OTHER_SIZES,
            head_dim=6,
            attention_bias=True,
            tie_word_embeddings=True,
            rope_parameters=theta(300.0),
            use_sliding_window=True,
            sliding_window=6,
            layer_types=["full_attention", "sliding_attention", "full_attention"],
        ),
        {"rope_parameters": theta(1e4), "attention_bias": False, "sliding_window": 7, "layer_types": None},
    ),
    "granite": (
        "granite",
        dict(
            SIZES,
            rope_parameters=theta(1e6),
            embedding_multiplier=3.0,
            attention_multiplier=0.2,
            residual_multiplier=0.22,
            logits_scaling=4.0,
        ),
        {
            "rope_parameters": theta(1e4),
            "embedding_multiplier": 1.0,
            "attention_multiplier": 8**-0.5,
            "residual_multiplier": 1.0,
            "logits_scaling": 1.0,
        },
    ),
    "granite-biases": (
        "granite",
        dict(
            OTHER_SIZES,
            head_dim=6,
            tie_word_embeddings=True,
            rope_parameters=LLAMA3,
            attention_bias=True,
            mlp_bias=True,
            embedding_multiplier=0.5,
            residual_multiplier=1.5,
            logits_scaling=2.5,
        ),
        {
            "rope_parameters": theta(5e5),
            "attention_bias": False,
            "mlp_bias": False,
            "attention_multiplier": 6**-0.5,
            "embedding_multiplier": 1.0,
            "residual_multiplier": 1.0,
            "logits_scaling": 1.0,
        },
    ),
    "olmo2": ("olmo2", dict(SIZES, rope_parameters=theta(5e5)), {"rope_parameters": theta(1e4)}),
    "olmo2-biases": (
        "olmo2",
        dict(OTHER_SIZES, head_dim=6, attention_bias=True, tie_word_embeddings=True, rope_parameters=theta(300.0)),
        {"rope_parameters": theta(1e4), "attention_bias": False},
    ),
    "gemma2": (
        "gemma2",
        dict(
            SIZES,
            head_dim=12,
            rope_parameters=theta(1e4),
            query_pre_attn_scalar=20,
            sliding_window=5,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=3.0,
        ),
        {
            "rope_parameters": theta(300.0),
            "query_pre_attn_scalar": 12,
            "sliding_window": 24,
            "layer_types": ["full_attention", "sliding_attention"],
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
        },
    ),
    "gemma2-biases": (
        "gemma2",
        dict(
            OTHER_SIZES,
            head_dim=6,
            tie_word_embeddings=False,
            rope_parameters=theta(300.0),
            attention_bias=True,
            query_pre_attn_scalar=3,
            sliding_window=9,
            layer_types=["full_attention", "sliding_attention", "sliding_attention"],
            attn_logit_softcapping=None,
            final_logit_softcapping=6.0,
        ),
        {
            "rope_parameters": theta(1e4),
            "attention_bias": False,
            "query_pre_attn_scalar": 6,
            "sliding_window": 24,
            "layer_types": None,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": None,
        },
    ),
    "gemma3": (
        "gemma3_text",
        dict(SIZES, num_hidden_layers=6, head_dim=12, query_pre_attn_scalar=20, sliding_window=5),
        {
            "query_pre_attn_scalar": 12,
            "sliding_window": 24,
            "layer_types": ["sliding_attention"] * 6,
            "rope_parameters": {"full_attention": theta(1e4), "sliding_attention": theta(1e4)},
            "final_logit_softcapping": 3.0,
        },
    ),
    "gemma3-biases": (
        "gemma3_text",
        dict(
            OTHER_SIZES,
            head_dim=6,
            tie_word_embeddings=False,
            rope_parameters={
                "full_attention": {"rope_type": "linear", "rope_theta": 300.0, "factor": 8.0},
                "sliding_attention": theta(20.0),
            },
            attention_bias=True,
            query_pre_attn_scalar=3,
            sliding_window=9,
            layer_types=["full_attention", "sliding_attention", "full_attention"],
            final_logit_softcapping=6.0,
        ),
        {
            "rope_parameters": {"full_attention": theta(300.0), "sliding_attention": theta(20.0)},
            "attention_bias": False,
            "query_pre_attn_scalar": 6,
            "sliding_window": 24,
            "layer_types": ["sliding_attention"] * 3,
            "final_logit_softcapping": None,
        },
    ),
    "phi3": (
        "phi3",
        dict(SIZES, head_dim=12, sliding_window=5, rope_parameters=theta(1e4)),
        {"rope_parameters": theta(300.0), "sliding_window": None},
    ),
    "phi3-long": (
        "phi3",
        dict(OTHER_SIZES, original_max_position_embeddings=18, tie_word_embeddings=True, rope_parameters=LONG),
        {
            "original_max_position_embeddings": 24,
            "rope_parameters": (
                dict(LONG, rope_theta=1e4),
                dict(LONG, long_factor=[2.0, 0.6]),
                dict(theta(300.0), partial_rotary_factor=0.5),
                dict(LONG, factor=1.0),
            ),
        },
    ),
    "phi3-short": (
        "phi3",
        dict(
            SIZES,
            original_max_position_embeddings=24,
            rope_parameters=dict(LONG, attention_factor=1.3, short_factor=[1.5, 0.4]),
        ),
        {
            "original_max_position_embeddings": 23,
            "rope_parameters": (
                dict(LONG, short_factor=[1.5, 0.4]),
                dict(LONG, attention_factor=1.3, short_factor=[1.5, 0.6]),
            ),
        },
    ),
    "starcoder2": (
        "starcoder2",
        dict(STARCODER2_SIZES, sliding_window=5, rope_parameters=theta(1e4)),
        {
            "rope_parameters": theta(300.0),
            "sliding_window": None,
            "use_bias": False,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "norm_epsilon": 1e-1,
        },
    ),
    "starcoder2-plain": (
        "starcoder2",
        dict(
            OTHER_STARCODER2_SIZES,
            head_dim=6,
            use_bias=False,
            hidden_act="gelu",
            tie_word_embeddings=False,
            rope_parameters=dict(YARN),
        ),
        {"rope_parameters": theta(300.0), "use_bias": True, "tie_word_embeddings": True, "head_dim": 8},
    ),
    "gpt2": (
        "gpt2",
        GPT2_SIZES,
        {"scale_attn_weights": False, "tie_word_embeddings": False, "layer_norm_epsilon": 1e-1},
    ),
    "gpt2-unscaled": (
        "gpt2",
        dict(
            GPT2_SIZES,
            n_embd=40,
            n_inner=None,
            n_layer=3,
            n_head=5,
            n_positions=48,
            layer_norm_epsilon=3e-3,
            activation_function="gelu",
            scale_attn_weights=False,
            tie_word_embeddings=False,
        ),
        {"scale_attn_weights": True, "tie_word_embeddings": True, "activation_function": "silu"},
    ),
    "gpt-neox": (
        "gpt_neox",
        dict(NEOX_SIZES, num_attention_heads=2, rope_parameters=theta(1e4)),
        {
            "rope_parameters": (
                dict(theta(1e4), partial_rotary_factor=0.5),
                dict(theta(300.0), partial_rotary_factor=0.25),
            ),
            "use_parallel_residual": False,
            "attention_bias": False,
            "hidden_act": "silu",
            "layer_norm_eps": 1e-1,
        },
    ),
    "gpt-neox-sequential": (
        "gpt_neox",
        dict(
            NEOX_SIZES,
            hidden_size=40,
            intermediate_size=56,
            num_hidden_layers=3,
            num_attention_heads=5,
            layer_norm_eps=3e-3,
            use_parallel_residual=False,
            attention_bias=False,
            hidden_act="gelu_fast",
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "linear", "rope_theta": 300.0, "factor": 4.0, "partial_rotary_factor": 0.5},
        ),
        {
            "rope_parameters": (
                dict(theta(300.0), partial_rotary_factor=0.5),
                {"rope_type": "linear", "rope_theta": 300.0, "factor": 4.0, "partial_rotary_factor": 1.0},
            ),
            "use_parallel_residual": True,
            "attention_bias": True,
            "tie_word_embeddings": False,
        },
    ),
    "falcon": (
        "falcon",
        dict(FALCON_SIZES, new_decoder_architecture=True, num_kv_heads=2, rope_parameters=theta(1e4)),
        {
            "rope_parameters": theta(300.0),
            "num_ln_in_parallel_attn": 1,
            "bias": True,
            "activation": "silu",
            "num_kv_heads": 4,
            "layer_norm_epsilon": 1e-1,
        },
    ),
    "falcon-one-norm": (
        "falcon",
        dict(
            OTHER_FALCON_SIZES,
            new_decoder_architecture=True,
            num_kv_heads=1,
            num_ln_in_parallel_attn=1,
            bias=True,
            rope_parameters=theta(300.0),
        ),
        {"rope_parameters": theta(1e4), "num_ln_in_parallel_attn": 2, "bias": False},
    ),
    "falcon-multi-query": (
        "falcon",
        dict(FALCON_SIZES, ffn_hidden_size=None, rope_parameters=theta(1e4)),
        {"rope_parameters": theta(300.0), "parallel_attn": False, "multi_query": False, "alibi": True, "bias": True},
    ),
    "falcon-alibi": (
        "falcon",
        dict(
            OTHER_FALCON_SIZES,
            num_attention_heads=10,
            alibi=True,
            bias=True,
            multi_query=False,
            parallel_attn=False,
            activation="gelu_new",
            tie_word_embeddings=False,
        ),
        {
            "alibi": False,
            "bias": False,
            "multi_query": True,
            "parallel_attn": True,
            "activation": "silu",
            "tie_word_embeddings": True,
        },
    ),
    "mpt": (
        "mpt",
        MPT_SIZES,
        {"attn_config": {"softmax_scale": 0.1}, "tie_word_embeddings": False, "layer_norm_epsilon": 1e-1},
    ),
    "mpt-scaled": (
        "mpt",
        dict(
            MPT_SIZES,
            d_model=48,
            n_heads=6,
            n_layers=3,
            max_seq_len=96,
            layer_norm_epsilon=3e-3,
            tie_word_embeddings=False,
            attn_config={"softmax_scale": 0.2},
        ),
        {"attn_config": None, "tie_word_embeddings": True},
    ),
}


def build(family: str, fields: dict):
    """A model whose every weight matters: matrices of standard deviation 1.5 / sqrt(inputs), norms around one, biases
    of a half; the same name has the same values whatever the configuration."""
    config = CONFIG_MAPPING[family](**copy.deepcopy(fields), attn_implementation=ATTENTION.get(family, "eager"))
    model = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)](config)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            generator = torch.Generator().manual_seed(sum(ord(c) * (i + 1) for i, c in enumerate(name)))
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith("bias") or any(part in name for part in EMBEDDINGS):
                weight.copy_(0.5 * noise)
            elif "norm" in name or ".ln_" in name:
                center = 0.0 if family.startswith("gemma") else 1.0
                weight.copy_(center + 0.3 * noise)
            else:
                # GPT-2 stores a row an input, others a row an output
                inputs = weight.shape[0 if ".c_" in name and family == "gpt2" else 1]
                weight.copy_(1.5 * noise / inputs**0.5)
            weight.copy_(weight.bfloat16())
    return model.eval()


def token_ids():
    return torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=torch.Generator().manual_seed(7))


def relative(a, b) -> float:
    return float(torch.linalg.vector_norm(a.double() - b.double()) / torch.linalg.vector_norm(b.double()))


def check_that_all_matters(family: str, fields: dict, neutral: dict) -> None:
    ids = token_ids()
    with torch.no_grad():
        logits = build(family, fields)(input_ids=ids).logits
        for field, values in neutral.items():
            for value in values if isinstance(values, tuple) else (values,):
                other = build(family, dict(fields, **{field: value}))(input_ids=ids).logits
                change = relative(other, logits)
                if change < 1e-2:
                    raise SystemExit(f"{family}: {field} = {value} changes the logits by {change} only")


def adapted(family: str, fields: dict, targets, dtype):
    """Both factors are random, so that each has a gradient from the first step on."""
    names = targets[0] if targets == ["all-linear"] else targets
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, task_type="CAUSAL_LM", target_modules=names)
    model = get_peft_model(build(family, fields), lora)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                generator = torch.Generator().manual_seed(sum(ord(c) * (i + 1) for i, c in enumerate(name)) + 1)
                deviation = 0.1 if "lora_B" in name else weight.shape[1] ** -0.5
                weight.copy_(deviation * torch.randn(weight.shape, generator=generator))
    return model.to(dtype)


def gradient(model):
    """d(mean loss), under the keys of PEFT's file."""
    ids = token_ids()
    loss = model(input_ids=ids, labels=ids).loss
    model.zero_grad(set_to_none=True)
    loss.backward()
    parameters = {name: weight.grad for name, weight in model.named_parameters() if weight.requires_grad}
    return loss.item(), {name.replace(".default.", "."): grad.clone() for name, grad in parameters.items()}


def train(family: str, fields: dict, targets):
    model = adapted(family, fields, targets, torch.float32)
    start = {key: value.clone() for key, value in get_peft_model_state_dict(model).items()}
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    losses, first = [], {}
    for _ in range(STEPS):
        loss, grads = gradient(model)
        losses.append(loss)
        first = first or grads
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
    _, exact = gradient(adapted(family, fields, targets, torch.float64))
    noise = relative(
        torch.cat([first[key].flatten() for key in sorted(first)]),
        torch.cat([exact[key].flatten() for key in sorted(first)]),
    )
    end = get_peft_model_state_dict(model)
    if set(start) != set(first):
        raise SystemExit(f"gradients of {sorted(set(first) ^ set(start))} have no key in PEFT's file")
    return losses, noise, start, first, end


def write(directory: Path, family: str, fields: dict, neutral: dict) -> None:
    check_that_all_matters(family, fields, neutral)
    directory.mkdir(parents=True, exist_ok=True)
    model = build(family, fields)
    ids = token_ids()
    with torch.no_grad():
        logits = model(input_ids=ids).logits.reshape(ROWS * LENGTH, VOCABULARY)[LOGIT_POSITIONS]
    tensors = {"ids": ids.to(torch.int32), "logits": logits}
    figures = {"logit_positions": LOGIT_POSITIONS, "rank": RANK, "alpha": ALPHA, "learning_rate": RATE}
    figures["targets"] = targets_of(family)
    for name, targets in targets_of(family).items():
        losses, noise, start, first, end = train(family, fields, targets)
        figures[name] = {"losses": losses, "gradient_noise": noise}
        for part, values in (("start", start), ("gradient", first), ("end", end)):
            tensors.update({f"{name}/{part}/{key}": value.contiguous() for key, value in values.items()})
    model.bfloat16().save_pretrained(directory)
    (directory / "generation_config.json").unlink(missing_ok=True)
    save_file({key: value.detach().clone() for key, value in tensors.items()}, directory / "golden.safetensors")
    (directory / "golden.json").write_text(json.dumps(figures, indent=1) + "\n")
    shown = {name: (figures[name]["losses"][0], figures[name]["gradient_noise"]) for name in targets_of(family)}
    print(directory.name, shown)


def fields_of(family: str) -> dict:
    """What the configuration declares, what the model's source reads of it, and what any configuration reads."""
    config = CONFIG_MAPPING[family]
    model = MODEL_FOR_CAUSAL_LM_MAPPING[config]
    source = Path(sys.modules[model.__module__].__file__).read_text()
    own = Path(sys.modules[config.__module__].__file__).read_text()
    read = set(re.findall(r"\bconfig\.([a-z]\w*)|getattr\((?:self\.)?config, \"(\w+)\"", source))
    popped = set(re.findall(r"kwargs\.(?:pop|get)\(\"(\w+)\"", own))
    base = Path(sys.modules[PreTrainedConfig.__module__].__file__).read_text()
    popped |= set(re.findall(r"kwargs\.(?:pop|get)\(\"(\w+)\"", base[: base.index("def save_pretrained")]))
    rope = Path(sys.modules[PreTrainedConfig.__module__].__file__).with_name("modeling_rope_utils.py").read_text()
    popped |= set(re.findall(r"(?:kwargs\.pop|hasattr|getattr)\((?:self, )?\"([a-z]\w+)\"", rope))
    defaults = {f.name: f.default for f in dataclasses.fields(config) if f.default is not dataclasses.MISSING}
    names = set(defaults) | {a or b for a, b in read} | popped
    names |= set(GenerationConfig._get_default_generation_params())
    shown = {name: defaults.get(name) for name in sorted(names) if not callable(getattr(config, name, None))}
    return json.loads(json.dumps(shown, default=str))


def main() -> None:
    wanted = set(sys.argv[1:])
    torch.set_num_threads(1)
    for name, (family, fields, neutral) in MODELS.items():
        if not wanted or name in wanted:
            write(GOLDENS / name, family, fields, neutral)
    families = sorted({family for family, _, _ in MODELS.values()})
    listed = {family: fields_of(family) for family in families}
    FIELDS.parent.mkdir(parents=True, exist_ok=True)
    FIELDS.write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
