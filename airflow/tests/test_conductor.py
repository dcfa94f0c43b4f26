"""Taking apart what bin/spark-lora prints."""

import pytest

from spark_lora_airflow.conductor import Conductor, ConductorError, StageCommand


def test_a_command_is_taken_apart_as_a_shell_would():
    command = StageCommand.parse(
        "SPARK_LOCAL_IP=127.0.0.1 /opt/spark/bin/spark-submit --master 'local-cluster[2,1,1024]' --class a.b.Train "
        "--name 'my adapter train' --driver-memory 2g --conf spark.a=1 --conf 'spark.b=x=y z' "
        "train.jar config.yaml --set seed=3"
    )

    assert command == StageCommand(
        spark_submit="/opt/spark/bin/spark-submit",
        main_class="a.b.Train",
        master="local-cluster[2,1,1024]",
        name="my adapter train",
        deploy_mode=None,
        driver_memory="2g",
        jars=None,
        conf={"spark.a": "1", "spark.b": "x=y z"},
        environment={"SPARK_LOCAL_IP": "127.0.0.1"},
        application="train.jar",
        application_args=("config.yaml", "--set", "seed=3"),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("spark-submit --class A --supervise a.jar", "the option --supervise is not known here"),
        ("spark-submit --class A", "no application"),
        ("spark-submit a.jar", "no --class"),
        ("A=b", "no spark-submit"),
    ],
)
def test_a_command_that_is_not_understood_is_refused(line, message):
    with pytest.raises(ConductorError, match=message):
        StageCommand.parse(line)


def test_what_the_command_refuses_is_told_in_its_own_words(stand_in_home):
    with pytest.raises(ConductorError, match="no configuration absent") as refusal:
        Conductor(stand_in_home).stage_command("train", "absent.yaml", [])

    assert refusal.value.exit_code == 2


def test_a_home_without_the_command_is_refused(tmp_path):
    with pytest.raises(ConductorError, match="SPARK_LORA_HOME must name Spark LoRA's directory"):
        Conductor(tmp_path).stage_command("train", "config.yaml", [])
