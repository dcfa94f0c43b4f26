"""The DAG as Airflow reads it, and that it says the same as the Java that it runs."""

import re

from conftest import ROOT

from spark_lora_airflow.conductor import STAGES
from spark_lora_airflow.exit_code import ExitCode

PIPELINE = ROOT / "pipeline/src/main/java/io/sparklora/pipeline"


def test_the_stages_follow_each_other_and_only_publish_has_the_asset(load_dag):
    dag = load_dag(ROOT)

    assert [task.task_id for task in dag.topological_sort()] == list(STAGES)
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "prepare": {"train"},
        "train": {"evaluate"},
        "evaluate": {"publish"},
        "publish": set(),
    }
    assert {task.task_id for task in dag.tasks if task.outlets} == {"publish"}


def test_it_runs_weekly_one_run_at_a_time_and_does_not_catch_up(load_dag):
    dag = load_dag(ROOT)

    assert dag.schedule == "@weekly"
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert all(task.retries == 3 for task in dag.tasks)


def test_the_parameters_are_the_configuration_and_its_overrides(load_dag):
    params = load_dag(ROOT).params

    assert params.dump() == {"config": "examples/spdx-licences.yaml", "overrides": []}
    assert params.get_param("overrides").schema["items"]["pattern"] == "^[^=]+=.*"


def test_the_stages_are_those_of_the_java_enum():
    declared = re.findall(r"^    ([A-Z]+)\(", (PIPELINE / "Stage.java").read_text(), re.MULTILINE)

    assert [name.lower() for name in declared] == list(STAGES)


def test_the_exit_codes_are_those_of_the_java_enum():
    declared = re.findall(r"^    ([A-Z_]+)\((\d+)\)[,;]$", (PIPELINE / "ExitCode.java").read_text(), re.MULTILINE)

    assert {name: int(code) for name, code in declared} == {code.name: code.value for code in ExitCode}
