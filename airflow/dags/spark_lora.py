"""One line a week's adapter: copy the line for another configuration, with another dag_id."""

import os

from spark_lora_airflow.dag import spark_lora_dag

spark_lora = spark_lora_dag(
    "spark_lora",
    home=os.environ["SPARK_LORA_HOME"],
    config=os.environ.get("SPARK_LORA_CONFIG", "examples/spdx-licences.yaml"),
)
