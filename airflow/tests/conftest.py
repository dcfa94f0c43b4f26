"""An Airflow of its own in a temporary directory, and stand-ins for Spark LoRA's commands."""

import json
import os
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

AIRFLOW_DIRECTORY = Path(__file__).resolve().parent.parent
ROOT = AIRFLOW_DIRECTORY.parent
STAND_IN_HOME = Path(__file__).resolve().parent / "stand_in_home"

# Airflow reads these when it is first imported.
_airflow_home = tempfile.mkdtemp(prefix="airflow-home-")
os.environ.update(
    {
        "AIRFLOW_HOME": _airflow_home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(AIRFLOW_DIRECTORY / "dags"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "SPARK_LORA_HOME": str(ROOT),
    }
)
sys.path[:0] = [str(AIRFLOW_DIRECTORY), str(AIRFLOW_DIRECTORY / "dags")]


def pytest_unconfigure():
    shutil.rmtree(_airflow_home, ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_database():
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def spark_connection(monkeypatch):
    """Names the master of the connection spark_default."""

    def name_master(master, **extra):
        monkeypatch.setenv(
            "AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "spark", "host": master, "extra": extra})
        )

    return name_master


@pytest.fixture
def stand_in_home(tmp_path):
    """A directory whose bin/spark-lora prints commands that end as the test says."""
    home = tmp_path / "home"
    shutil.copytree(STAND_IN_HOME, home)
    return home


@pytest.fixture
def load_dag(airflow_database, monkeypatch):
    """Reads the DAG file as Airflow does, with retries that do not wait."""

    def load(home):
        from airflow.dag_processing.dagbag import DagBag

        monkeypatch.setenv("SPARK_LORA_HOME", str(home))
        bag = DagBag(AIRFLOW_DIRECTORY / "dags")
        assert not bag.import_errors
        dag = bag.dags["spark_lora"]
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
        return dag

    return load
