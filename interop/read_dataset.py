"""Reads a token dataset with Hugging Face datasets, and checks what TokenDataset promises.

    python interop/read_dataset.py runs/NAME/datasets/KEY

Needs `datasets` only. Prints each split's features and rows; exits with 1 where a row breaks the contract.
"""

import json
import pathlib
import sys

IGNORED_LABEL = -100
FEATURES = {
    "input_ids": "int32",
    "labels": "int32",
    "seq_lengths": "int32",
    "sequence_id": "int64",
    "document_ids": "string",
}


def problems(row, length):
    """What is wrong with one sequence; nothing for a sound one."""
    ids, labels, lengths = row["input_ids"], row["labels"], row["seq_lengths"]
    if not len(ids) == len(labels) == sum(lengths) == length:
        return [f"lengths {len(ids)}, {len(labels)}, {sum(lengths)} are not all {length}"]
    if len(lengths) - len(row["document_ids"]) not in (0, 1):
        return [f"{len(lengths)} lengths for {len(row['document_ids'])} documents"]
    found, start = [], 0
    for place, size in enumerate(lengths):
        padding = place >= len(row["document_ids"])
        for token in range(start, start + size):
            unlearned = padding or token == start
            allowed = [IGNORED_LABEL] if unlearned else [ids[token], IGNORED_LABEL]
            if labels[token] not in allowed:
                found.append(f"label {token} is {labels[token]}, not {allowed[0]}")
        start += size
    return found


def kind(feature):
    """The value type of a column, or of a list column's elements."""
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", feature)
    return inner.dtype


def check(directory):
    import datasets

    manifest = json.loads((directory / "manifest.json").read_text())
    wrong = 0
    for split in manifest["splits"]:
        files = [str(directory / file["path"]) for file in split["files"]]
        rows = datasets.load_dataset("parquet", data_files=files, split="train")
        kinds = {name: kind(feature) for name, feature in rows.features.items()}
        supervised = 0
        for place, row in enumerate(rows):
            found = problems(row, manifest["sequence_length"])
            if row["sequence_id"] != place:
                found.append(f"sequence_id is {row['sequence_id']}")
            for problem in found:
                print(f"{split['split']} row {place}: {problem}")
            wrong += len(found)
            supervised += sum(label != IGNORED_LABEL for label in row["labels"])
        print(f"{split['split'].lower()}: {len(rows)} rows, {supervised} supervised tokens, {kinds}")
        wrong += (kinds != FEATURES) + (len(rows) != split["sequences"]) + (supervised != split["supervised_tokens"])
    return wrong


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(1 if check(pathlib.Path(sys.argv[1])) else 0)
