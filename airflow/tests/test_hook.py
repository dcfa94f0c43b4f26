"""What the hook runs and how it ends it; the driver is a shell script."""

import threading
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from spark_lora_airflow.conductor import StageCommand
from spark_lora_airflow.hook import SparkStageHook


@pytest.fixture
def submit_script(tmp_path, spark_connection):
    """A hook whose spark-submit is a script."""
    spark_connection("spark://elsewhere:7077", queue="nightly")

    def hook(script, **conf):
        binary = tmp_path / "spark-submit"
        binary.write_text(f"#!/usr/bin/env bash\n{script}\n")
        binary.chmod(0o755)
        command = StageCommand.parse(
            f"LANGUAGE=de {binary} --master 'local-cluster[2,1,1024]' --class a.b.Train --name train "
            "--driver-memory 2g --conf spark.a=1 train.jar config.yaml"
        )
        return SparkStageHook(command, tmp_path, conf, "spark_default")

    return hook


def test_the_command_is_put_together_again_with_the_connections_queue_and_the_tasks_settings(submit_script, tmp_path):
    hook = submit_script('printf "%s\\n" "$LANGUAGE" "$PWD" "$@" >asked', **{"spark.b": "2"})

    hook.submit("train.jar")

    language, directory, *asked = (tmp_path / "asked").read_text().splitlines()
    assert language == "de"
    assert Path(directory) == tmp_path
    assert asked == [
        *["--master", "local-cluster[2,1,1024]", "--conf", "spark.a=1", "--conf", "spark.b=2"],
        *["--driver-memory", "2g", "--name", "train", "--class", "a.b.Train", "--queue", "nightly"],
        *["train.jar", "config.yaml"],
    ]
    assert hook.exit_code == 0


def test_the_exit_status_is_known_after_a_failure(submit_script):
    hook = submit_script("exit 31")

    with pytest.raises(AirflowException):
        hook.submit("train.jar")

    assert hook.exit_code == 31


def killed(hook, tmp_path):
    """Kills the driver once it is up."""
    up = tmp_path / "up"
    up.unlink(missing_ok=True)
    failures = []

    def submit():
        try:
            hook.submit("train.jar")
        except AirflowException as e:
            failures.append(e)

    thread = threading.Thread(target=submit)
    thread.start()
    while not up.exists():
        assert thread.is_alive()
        thread.join(0.05)
    hook.on_kill()
    thread.join(20)
    assert not thread.is_alive()
    assert failures


def test_a_killed_driver_runs_its_shutdown_hooks(submit_script, tmp_path):
    hook = submit_script(
        "trap 'touch closed; exit 143' TERM\ntouch up\nwhile true; do read -rt 0.1 <> <(:) || true; done"
    )

    killed(hook, tmp_path)

    assert (tmp_path / "closed").exists()
    assert hook.exit_code == 143


def test_a_driver_that_does_not_end_is_killed(submit_script, tmp_path):
    hook = submit_script("trap '' TERM\ntouch up\nwhile true; do read -rt 0.1 <> <(:) || true; done")

    killed(hook, tmp_path)

    assert hook.exit_code == -9


def test_the_master_is_the_connections(spark_connection):
    spark_connection("spark://master:7077")

    assert SparkStageHook.master_of("spark_default") == "spark://master:7077"


def test_a_missing_connection_is_refused():
    with pytest.raises(AirflowNotFoundException, match="no_such_connection"):
        SparkStageHook.master_of("no_such_connection")


def test_cluster_mode_is_refused(spark_connection):
    spark_connection("spark://master:7077", **{"deploy-mode": "cluster"})

    with pytest.raises(ValueError, match="must have the deploy mode client but has cluster"):
        SparkStageHook.master_of("spark_default")
