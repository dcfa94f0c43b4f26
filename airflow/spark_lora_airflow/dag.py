"""The DAG of the four stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, Param
from airflow.sdk.bases.operator import chain

from spark_lora_airflow.conductor import STAGES
from spark_lora_airflow.operator import SparkStageOperator


def adapter_asset(dag_id: str) -> Asset:
    """What the DAG publishes: an event of it carries the `result.json` of publish."""
    return Asset(dag_id, uri=f"x-spark-lora://{dag_id}")


def spark_lora_dag(
    dag_id: str, *, home: str, config: str, schedule: str | None = "@weekly", conn_id: str = "spark_default"
) -> DAG:
    """Prepare, train, evaluate and publish, one task each.

    :param home: Spark LoRA's directory, on the workers
    :param config: the configuration file, unless a run names another one: a path, seen from `home`, or a URI
    :param conn_id: the Spark connection whose master runs the stages
    """
    with DAG(
        dag_id,
        schedule=schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        default_args={"retries": 3, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True},
        params={
            "config": Param(config, type="string", minLength=1, description="Configuration file: a path or a URI."),
            "overrides": Param(
                [],
                type="array",
                items={"type": "string", "pattern": "^[^=]+=.*"},
                description="Overrides of the configuration, such as train.tokens=100000.",
            ),
        },
        tags=["spark-lora"],
        doc_md=__doc__,
    ) as dag:
        chain(
            *(
                SparkStageOperator(
                    task_id=stage,
                    stage=stage,
                    home=home,
                    conn_id=conn_id,
                    outlets=[adapter_asset(dag_id)] if stage == STAGES[-1] else [],
                )
                for stage in STAGES
            )
        )
    return dag
