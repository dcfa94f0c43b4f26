"""Asks `bin/spark-lora` what to submit, so that no setting is written down a second time for Airflow."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGES = ("prepare", "train", "evaluate", "publish")
"""The stages in their order, as io.sparklora.pipeline.Stage declares them."""

_FIELD_OF_OPTION = {
    "--class": "main_class",
    "--master": "master",
    "--name": "name",
    "--deploy-mode": "deploy_mode",
    "--driver-memory": "driver_memory",
    "--jars": "jars",
}


class ConductorError(Exception):
    """`bin/spark-lora` refused, or printed what is not understood here.

    :param exit_code: what it exited with; 0 where its answer was not understood
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class StageCommand:
    """One stage's spark-submit command, taken apart into what Airflow's Spark provider puts together again."""

    spark_submit: str
    main_class: str
    master: str | None
    name: str | None
    deploy_mode: str | None
    driver_memory: str | None
    jars: str | None
    conf: dict[str, str]
    environment: dict[str, str]
    application: str
    application_args: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> StageCommand:
        """Takes a command line of a POSIX shell apart.

        :raises ConductorError: naming an option that is not known here, rather than dropping it
        """
        words = shlex.split(line)
        environment = {}
        while words and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0]):
            key, _, value = words.pop(0).partition("=")
            environment[key] = value
        if not words:
            raise ConductorError(f"no spark-submit in the command: {line}", 0)
        spark_submit, *rest = words
        fields: dict[str, str] = {}
        conf: dict[str, str] = {}
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if not rest or (option != "--conf" and option not in _FIELD_OF_OPTION):
                raise ConductorError(f"the option {option} is not known here, in the command: {line}", 0)
            value = rest.pop(0)
            if option == "--conf":
                key, _, setting = value.partition("=")
                conf[key] = setting
            else:
                fields[_FIELD_OF_OPTION[option]] = value
        if not rest or "main_class" not in fields:
            raise ConductorError(f"no application or no --class in the command: {line}", 0)
        return cls(
            spark_submit=spark_submit,
            main_class=fields["main_class"],
            master=fields.get("master"),
            name=fields.get("name"),
            deploy_mode=fields.get("deploy_mode"),
            driver_memory=fields.get("driver_memory"),
            jars=fields.get("jars"),
            conf=conf,
            environment=environment,
            application=rest[0],
            application_args=tuple(rest[1:]),
        )


@dataclass(frozen=True)
class Conductor:
    """The command `bin/spark-lora` of a built or unpacked Spark LoRA.

    :param home: its directory; relative locations of a configuration are seen from there
    """

    home: Path

    def stage_command(self, stage: str, config: str, overrides: Sequence[str]) -> StageCommand:
        """What `bin/spark-lora run` would submit for a stage.

        :raises ConductorError: where the configuration was refused, with the command's own words
        """
        printed = self._run("run", config, *_set_options(overrides), "--print-commands")
        lines = [line for line in printed.splitlines() if line.strip() and not line.startswith("#")]
        if len(lines) != len(STAGES):
            raise ConductorError(f"bin/spark-lora printed {len(lines)} commands for {len(STAGES)} stages: {printed}", 0)
        return StageCommand.parse(lines[STAGES.index(stage)])

    def result(self, stage: str, config: str, overrides: Sequence[str]) -> dict[str, Any]:
        """The `result.json` that a stage's last attempt left, wherever the run's storage is.

        :raises ConductorError: where there is none
        """
        return json.loads(self._run("result", stage, config, *_set_options(overrides)))

    def _run(self, *arguments: str) -> str:
        command = [str(self.home / "bin" / "spark-lora"), *arguments]
        try:
            process = subprocess.run(command, cwd=self.home, capture_output=True, text=True, check=False)
        except OSError as e:
            raise ConductorError(
                f"{command[0]} can't be run ({e.strerror}): SPARK_LORA_HOME must name Spark LoRA's directory", 2
            ) from e
        if process.returncode != 0:
            message = process.stderr.strip() or process.stdout.strip() or "it printed nothing"
            raise ConductorError(
                f"{shlex.join(command)} exited with {process.returncode}: {message}", process.returncode
            )
        return process.stdout


def _set_options(overrides: Sequence[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]
