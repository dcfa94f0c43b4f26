"""The Spark provider's hook, told where to run and how to stop."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.sdk import BaseHook

from spark_lora_airflow.conductor import StageCommand

_SECONDS_FOR_SHUTDOWN_HOOKS = 4


class SparkStageHook(SparkSubmitHook):
    """Submits one stage and knows its exit status.

    Of the provider's own state it uses `_connection` and `_submit_sp`: the reason why the provider's version is pinned.

    :param command: what to submit; its master wins over the connection's, which it was derived from
    :param working_directory: where spark-submit runs, and relative locations are seen from
    :param conf: settings that are added to the command's
    :param connection_id: the Spark connection, for queue, namespace and Kerberos credentials
    """

    def __init__(
        self, command: StageCommand, working_directory: Path, conf: dict[str, Any], connection_id: str
    ) -> None:
        super().__init__(
            conf={**command.conf, **conf},
            conn_id=connection_id,
            jars=command.jars,
            java_class=command.main_class,
            driver_memory=command.driver_memory,
            name=command.name or command.main_class,
            application_args=list(command.application_args),
            env_vars=command.environment,
            spark_binary=command.spark_submit,
            deploy_mode=command.deploy_mode,
        )
        self._working_directory = working_directory
        if command.master:
            self._connection["master"] = command.master

    @staticmethod
    def master_of(connection_id: str) -> str:
        """The Spark master that a connection names.

        :raises airflow.sdk.exceptions.AirflowNotFoundException: where there is no such connection; the provider's own
            hook would go on with YARN
        """
        BaseHook.get_connection(connection_id)
        connection = SparkSubmitHook(conn_id=connection_id)._connection
        if connection["deploy_mode"] == "cluster":
            raise ValueError(
                f"the connection {connection_id} must have the deploy mode client but has cluster: "
                "in cluster mode spark-submit's exit status is not the stage's"
            )
        return connection["master"]

    @property
    def exit_code(self) -> int | None:
        """What spark-submit exited with: negative for a signal, None where it did not start or has not ended."""
        return None if self._submit_sp is None else self._submit_sp.returncode

    def submit(self, application: str = "", **kwargs: Any) -> str | None:
        """Runs the command to its end."""
        return super().submit(application, cwd=self._working_directory, **kwargs)

    def on_kill(self) -> None:
        """Asks the driver to end, so that its shutdown hooks stop the executors, and kills it where it does not."""
        if self._submit_sp is not None and self._submit_sp.poll() is None:
            self.log.info("Asking the driver to end")
            self._submit_sp.terminate()
            try:
                self._submit_sp.wait(_SECONDS_FOR_SHUTDOWN_HOOKS)
            except subprocess.TimeoutExpired:
                self.log.info("The driver has not ended after %d seconds", _SECONDS_FOR_SHUTDOWN_HOOKS)
        super().on_kill()
