"""The DAG over the real stages: a tiny random model, a small corpus, executor processes on this machine.

Needs a build (`mvn -Dquick -DskipTests package`), as ./verify makes one first.
"""

import json
import os
import random
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import ROOT

from spark_lora_airflow.conductor import STAGES, Conductor, StageCommand
from spark_lora_airflow.hook import SparkStageHook

WORDS = ["the", "licence", "grants", "permission", "to", "use", "copy", "and", "sell", "without", "warranty"]

# A JVM that lives for seconds spends most of them in its optimising compiler.
_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SHORT_LIVED = {
    "spark.driver.extraJavaOptions": _OPTIONS,
    "spark.executor.extraJavaOptions": _OPTIONS,
    "spark.sql.shuffle.partitions": "2",
}


@pytest.fixture(scope="session")
def configuration(tmp_path_factory):
    """A configuration whose stages take seconds."""
    directory = tmp_path_factory.mktemp("tiny")
    write_model(directory / "model")
    write_corpus(directory / "corpus.jsonl")
    config = {
        "name": "tiny",
        "storage": {
            "runs": str(directory / "runs"),
            "registry": str(directory / "registry"),
            "cache": str(directory / "cache"),
        },
        "base": {"model": str(directory / "model"), "dtype": "fp32"},
        "corpus": {"sources": [{"format": "json-lines", "path": str(directory / "corpus.jsonl")}]},
        "prepare": {"length": {"min-characters": 20}, "split": {"validation": 0.2}, "sequence": {"length": 64}},
        "train": {"executors": 1, "tokens": 2048, "batch": {"sequences": 4, "micro": 2}, "learning-rate": 0.01},
        "spark": {"driver-memory": "512m", "executor-memory": "512m", "conf": SHORT_LIVED},
    }
    # JSON is YAML.
    (directory / "config.yaml").write_text(json.dumps(config, indent=2))
    return directory / "config.yaml"


def write_model(directory):
    places = ["pipeline/target/test-classes", "pipeline/target/classes", "target/spark-home/jars/*"]
    subprocess.run(
        [
            "java",
            "-cp",
            ":".join(str(ROOT / place) for place in places),
            ROOT / "airflow/tests/TinyModel.java",
            directory,
        ],
        check=True,
    )


def write_corpus(file):
    dice = random.Random(17)
    rows = [{"text": " ".join(dice.choices(WORDS, k=dice.randint(10, 40)))} for _ in range(60)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def assert_readable_by_hugging_face(dataset):
    read = subprocess.run(
        [sys.executable, ROOT / "interop/read_dataset.py", dataset],
        env={**os.environ, "HF_HOME": str(ROOT / "target/huggingface"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    assert [line.split(":")[0] for line in read.stdout.splitlines()] == ["train", "validation"]


@pytest.fixture
def run_dag(load_dag, spark_connection, configuration):
    spark_connection("local")

    def run(*overrides):
        return load_dag(ROOT).test(run_conf={"config": str(configuration), "overrides": list(overrides)})

    return run


def results(run):
    return {stage: run.get_task_instance(stage).xcom_pull(task_ids=stage) for stage in STAGES}


def states(run):
    return {stage: str(run.get_task_instance(stage).state) for stage in STAGES}


def test_a_corpus_becomes_a_version_and_a_worse_adapter_is_rejected(run_dag, configuration):
    first = run_dag()

    assert states(first) == dict.fromkeys(STAGES, "success")
    assert {stage: result["status"] for stage, result in results(first).items()} == dict.fromkeys(STAGES, "DONE")
    version = configuration.parent / "registry" / "tiny" / "v1"
    assert json.loads((version / "adapter_config.json").read_text())["r"] == 8

    assert_readable_by_hugging_face(results(first)["prepare"]["artifacts"]["dataset"])

    rejected = run_dag("train.tokens=256", "evaluate.gate.min-improvement=100")

    assert states(rejected) == {**dict.fromkeys(STAGES, "success"), "publish": "skipped"}
    assert results(rejected)["prepare"]["status"] == "ALREADY_DONE"
    assert results(rejected)["evaluate"]["status"] == "REJECTED"
    assert not (version.parent / "v2").exists()


def test_an_empty_corpus_fails_for_good(run_dag, tmp_path):
    (tmp_path / "empty.jsonl").touch()

    run = run_dag(f"corpus.sources.0.path={tmp_path / 'empty.jsonl'}")

    assert states(run)["prepare"] == "failed"
    assert run.get_task_instance("prepare").try_number == 1


@pytest.mark.parametrize("stage", STAGES)
def test_the_task_submits_what_the_command_line_prints(stage, spark_connection, configuration):
    spark_connection("local")
    overrides = ["spark.master=local"]
    printed = Conductor(ROOT).stage_command(stage, str(configuration), overrides)

    hook = SparkStageHook(printed, ROOT, {}, "spark_default")

    submitted = StageCommand.parse(shlex.join(hook._build_spark_submit_command(printed.application)))
    assert replace(submitted, environment=hook._env_vars) == printed
