"""One stage as an Airflow task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from spark_lora_airflow.conductor import Conductor, ConductorError, StageCommand
from spark_lora_airflow.exit_code import PERMANENT, ExitCode
from spark_lora_airflow.hook import SparkStageHook


class SparkStageOperator(SparkSubmitOperator, SkipMixin):
    """Submits a stage with the command that `bin/spark-lora run --print-commands` prints, and acts on its exit status.

    The configuration is the run's parameter `config`, its overrides the parameter `overrides`. The Spark connection
    names the master: `bin/spark-lora` is told it as `spark.master` and decides what follows from it.

    The stage's `result.json` is returned (and so pushed to XCom), and becomes the extra of the events of the task's
    outlets.

    ===================  ==================================================================================
    exit status          the task
    ===================  ==================================================================================
    0                    succeeds
    10 gate rejected     succeeds, and what follows is skipped; is itself skipped where it has outlets, so that
                         no asset event says that something was published
    11 no new data       is skipped, and with it what follows
    2, 20, 21, 30, 31,   fails without a retry
    40
    all others           fails and is retried
    ===================  ==================================================================================

    :param stage: one of :data:`spark_lora_airflow.conductor.STAGES`
    :param home: Spark LoRA's directory, on the worker
    """

    def __init__(self, *, stage: str, home: str, conn_id: str = "spark_default", **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.stage = stage
        self.home = home
        self._command: StageCommand | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Runs the stage.

        :returns: the stage's `result.json`
        """
        conductor = Conductor(Path(self.home))
        config, overrides = self._configuration(context)
        self._command = self._ask(lambda: conductor.stage_command(self.stage, config, overrides))
        self.application = self._command.application
        try:
            super().execute(context)
        except AirflowException as failure:
            code = self._hook.exit_code if self._hook else None
            if code == ExitCode.NO_NEW_DATA:
                raise AirflowSkipException(f"{self.stage}: there is no new data") from failure
            if code in PERMANENT:
                raise AirflowFailException(f"{self.stage} failed for good, exit status {code}: {failure}") from failure
            if code != ExitCode.GATE_REJECTED:
                raise
        result = self._ask(lambda: conductor.result(self.stage, config, overrides))
        if result["exit_code"] != self._hook.exit_code:
            raise AirflowException(f"{self.stage} exited with {self._hook.exit_code}, but left the result of {result}")
        if self._hook.exit_code == ExitCode.GATE_REJECTED:
            self._skip_what_follows(context, result)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = result
        return result

    def on_kill(self) -> None:
        """Ends the driver, if there is one."""
        if self._hook is not None:
            self._hook.on_kill()

    def _configuration(self, context: Context) -> tuple[str, list[str]]:
        params = context["params"]
        try:
            master = SparkStageHook.master_of(self._conn_id)
        except (AirflowNotFoundException, ValueError) as e:
            raise AirflowFailException(str(e)) from e
        # In cluster mode the exit status of spark-submit, which the provider judges by, is not the stage's.
        return params["config"], [*params["overrides"], f"spark.master={master}", "spark.deploy-mode=client"]

    def _ask(self, question):
        """Asks the conductor; what it refuses for good is not asked again."""
        try:
            return question()
        except ConductorError as e:
            if e.exit_code in PERMANENT:
                raise AirflowFailException(str(e)) from e
            raise AirflowException(str(e)) from e

    def _skip_what_follows(self, context: Context, result: dict[str, Any]) -> None:
        if self.outlets:
            raise AirflowSkipException(result["message"])
        task_instance = context["ti"]
        task_instance.xcom_push(key="return_value", value=result)
        self.log.info("%s; what follows is skipped", result["message"])
        self.skip(task_instance, self.get_direct_relatives(upstream=False))

    def _get_hook(self) -> SparkStageHook:
        return SparkStageHook(self._command, Path(self.home), self.conf or {}, self._conn_id)
