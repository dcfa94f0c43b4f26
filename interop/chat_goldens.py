"""Renders conversations with transformers' apply_chat_template: the goldens of data-prep's sample tests.

    python interop/chat_goldens.py data-prep/src/test/resources/io/sparklora/dataprep/sample

Reads DIRECTORY/templates/NAME.jinja, writes DIRECTORY/goldens.json. Needs transformers and tokenizers only. What a model
would have to say itself is cut out of the rendered text by each family's own turn marks, and so by another method than
the one that is tested.
"""

import json
import pathlib
import re
import sys

import tokenizers
import transformers

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place \u2014 now",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["place"],
        },
    },
}


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def call(arguments):
    function = {"name": "weather", "arguments": arguments}
    return say("assistant", "", tool_calls=[{"id": "call12345", "type": "function", "function": function}])


CONVERSATIONS = {
    "single": {"messages": [say("user", "Hello"), say("assistant", "Hello to you.")]},
    "system": {"messages": [say("system", "Be brief."), say("user", "One and one?"), say("assistant", "Two.")]},
    "multi-turn": {
        "messages": [
            say("user", "First question"),
            say("assistant", "First answer"),
            say("user", "Second question"),
            say("assistant", "Second answer"),
            say("user", "Third question"),
            say("assistant", "Third answer"),
        ]
    },
    "unicode-and-code": {
        "messages": [
            say("user", "Caf\u00e9 \U0001f600 \u4e16\u754c: indent it"),
            say("assistant", "def f(x):\n    return {'a': \"b\"}  # \U0001f44d\n\n<b>done</b>"),
        ]
    },
    "reasoning": {
        "messages": [
            say("user", "2+2"),
            say("assistant", "<think>\nEasy.\n</think>\n\n4"),
            say("user", "And 3+3?"),
            say("assistant", "<think>\nAlso easy.\n</think>\n\n6"),
        ]
    },
    "tool-call": {
        "messages": [
            say("user", "Weather in Bern?"),
            call({"place": "Bern", "days": 2}),
            say("tool", "sunny", name="weather", tool_call_id="call12345"),
            say("assistant", "It is sunny in Bern."),
        ],
        "tools": [WEATHER],
    },
    "trailing-user": {
        "messages": [say("user", "Hi"), say("assistant", "Hi."), say("user", "Thanks")],
    },
}

CHATML = r"<\|im_start\|>assistant\n(.*?<\|im_end\|>)"
FAMILIES = {
    "llama-3.1": {
        "bos": "<|begin_of_text|>",
        "eos": "<|eot_id|>",
        "special": ["<|start_header_id|>", "<|end_header_id|>", "<|end_of_text|>", "<|eom_id|>", "<|python_tag|>"],
        "stops": ["<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"],
        "turn": r"<\|start_header_id\|>assistant<\|end_header_id\|>\n\n(.*?<\|eot_id\|>)",
    },
    "qwen-2.5": {
        "bos": None,
        "eos": "<|im_end|>",
        "special": ["<|im_start|>", "<|endoftext|>"],
        "stops": ["<|im_end|>", "<|endoftext|>"],
        "turn": CHATML,
    },
    "qwen-3": {
        "bos": None,
        "eos": "<|im_end|>",
        "special": ["<|im_start|>", "<|endoftext|>"],
        "stops": ["<|im_end|>", "<|endoftext|>"],
        "turn": CHATML,
    },
    "smollm2": {
        "bos": "<|im_start|>",
        "eos": "<|im_end|>",
        "special": ["<|endoftext|>"],
        "stops": ["<|im_end|>", "<|endoftext|>"],
        "turn": CHATML,
    },
    "gemma-2": {
        "bos": "<bos>",
        "eos": "<eos>",
        "special": ["<start_of_turn>", "<end_of_turn>"],
        "stops": ["<end_of_turn>", "<eos>"],
        "turn": r"<start_of_turn>model\n(.*?<end_of_turn>)",
    },
    "phi-3.5": {
        "bos": "<s>",
        "eos": "<|endoftext|>",
        "special": ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
        "stops": ["<|end|>", "<|endoftext|>"],
        "turn": r"<\|assistant\|>\n(.*?<\|end\|>)",
    },
    "mistral-nemo": {
        "bos": "<s>",
        "eos": "</s>",
        "special": [
            "[INST]",
            "[/INST]",
            "[AVAILABLE_TOOLS]",
            "[/AVAILABLE_TOOLS]",
            "[TOOL_CALLS]",
            "[TOOL_RESULTS]",
            "[/TOOL_RESULTS]",
        ],
        "stops": ["</s>"],
        "turn": r"(?:\[/INST\]|\[/TOOL_RESULTS\])(.*?</s>)",
    },
}


def render(template, family, conversation):
    """The rendered text, or None where the template refuses the conversation."""
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(tokenizers.models.BPE()),
        bos_token=family["bos"],
        eos_token=family["eos"],
    )
    try:
        return tokenizer.apply_chat_template(
            conversation["messages"], tools=conversation.get("tools"), chat_template=template, tokenize=False
        )
    except Exception as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return None


def golden(template, family):
    rendered = {name: render(template, family, each) for name, each in CONVERSATIONS.items()}
    supervised = {
        name: re.findall(family["turn"], text, re.DOTALL) for name, text in rendered.items() if text is not None
    }
    special = sorted({*family["special"], *family["stops"], family["eos"], *filter(None, [family["bos"]])})
    return {
        "bos_token": family["bos"] or "",
        "eos_token": family["eos"],
        "special_tokens": special,
        "stop_tokens": family["stops"],
        "rendered": rendered,
        "supervised": supervised,
    }


def main(directory):
    templates = {}
    for name, family in FAMILIES.items():
        templates[name] = golden((directory / "templates" / f"{name}.jinja").read_text("utf-8"), family)
    goldens = {"transformers": transformers.__version__, "conversations": CONVERSATIONS, "templates": templates}
    (directory / "goldens.json").write_text(json.dumps(goldens, indent=1, ensure_ascii=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
