"""What a stage's exit status does to a run of the DAG; the stages are stand-ins that exit as told."""

import pytest


@pytest.fixture
def run_dag(load_dag, stand_in_home, spark_connection):
    """Runs the DAG once, each stage ending with the exit status given (0 for the others)."""
    spark_connection("spark://master:7077")

    def run(**exit_of_stage):
        for stage, code in exit_of_stage.items():
            (stand_in_home / f"{stage}.exit").write_text(str(code))
        return load_dag(stand_in_home).test(run_conf={"config": "config.yaml"})

    return run


@pytest.fixture
def calls(stand_in_home):
    """How often a stage was submitted."""

    def count(stage):
        noted = stand_in_home / f"{stage}.calls"
        return len(noted.read_text().splitlines()) if noted.exists() else 0

    return count


def states(run):
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def result_of(run, stage):
    return run.get_task_instance(stage).xcom_pull(task_ids=stage)


def published_events():
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return [event.extra for event in session.scalars(select(AssetEvent).order_by(AssetEvent.id))]


def test_a_run_whose_stages_succeed_publishes_with_the_result_as_the_events_extra(run_dag):
    before = len(published_events())

    run = run_dag()

    assert str(run.state) == "success"
    assert states(run) == dict.fromkeys(["prepare", "train", "evaluate", "publish"], "success")
    assert result_of(run, "train")["figures"] == {"loss": 2.25}
    assert [event["stage"] for event in published_events()[before:]] == ["PUBLISH"]


def test_a_stage_is_told_the_configuration_and_the_connections_master(run_dag, stand_in_home):
    run_dag()

    assert (
        stand_in_home / "train.calls"
    ).read_text() == "train.jar config.yaml --set spark.master=spark://master:7077 --set spark.deploy-mode=client\n"


def test_a_rejected_adapter_is_not_published_and_the_run_succeeds(run_dag, calls):
    before = len(published_events())

    run = run_dag(evaluate=10)

    assert str(run.state) == "success"
    assert states(run) == {"prepare": "success", "train": "success", "evaluate": "success", "publish": "skipped"}
    assert result_of(run, "evaluate")["exit_code"] == 10
    assert calls("publish") == 0
    assert len(published_events()) == before


def test_a_publication_that_the_gate_rejects_emits_no_event(run_dag):
    before = len(published_events())

    run = run_dag(publish=10)

    assert str(run.state) == "success"
    assert states(run)["publish"] == "skipped"
    assert len(published_events()) == before


def test_without_new_data_every_stage_is_skipped_and_the_run_succeeds(run_dag, calls):
    run = run_dag(prepare=11)

    assert str(run.state) == "success"
    assert states(run) == dict.fromkeys(["prepare", "train", "evaluate", "publish"], "skipped")
    assert calls("prepare") == 1


@pytest.mark.parametrize("code", [2, 20, 21, 30, 31, 40])
def test_a_failure_that_would_come_again_is_not_retried(run_dag, calls, code):
    run = run_dag(train=code)

    assert str(run.state) == "failed"
    assert states(run) == {
        "prepare": "success",
        "train": "failed",
        "evaluate": "upstream_failed",
        "publish": "upstream_failed",
    }
    assert calls("train") == 1


@pytest.mark.parametrize("code", [1, 75, 137])
def test_a_fault_of_the_infrastructure_is_retried(run_dag, calls, code):
    run = run_dag(prepare=code)

    assert str(run.state) == "failed"
    assert calls("prepare") == 4


def test_a_refused_configuration_fails_before_anything_is_submitted(load_dag, stand_in_home, spark_connection, calls):
    spark_connection("spark://master:7077")

    run = load_dag(stand_in_home).test(run_conf={"config": "absent.yaml"})

    assert str(run.state) == "failed"
    assert run.get_task_instance("prepare").try_number == 1
    assert calls("prepare") == 0


def test_a_missing_connection_fails_instead_of_falling_back_to_yarn(load_dag, stand_in_home, monkeypatch, calls):
    monkeypatch.delenv("AIRFLOW_CONN_SPARK_DEFAULT", raising=False)

    run = load_dag(stand_in_home).test(run_conf={"config": "config.yaml"})

    assert str(run.state) == "failed"
    assert run.get_task_instance("prepare").try_number == 1
    assert calls("prepare") == 0


def test_cluster_mode_is_refused(load_dag, stand_in_home, spark_connection, calls):
    spark_connection("spark://master:7077", **{"deploy-mode": "cluster"})

    run = load_dag(stand_in_home).test(run_conf={"config": "config.yaml"})

    assert str(run.state) == "failed"
    assert calls("prepare") == 0
