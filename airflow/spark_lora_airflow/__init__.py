"""Runs Spark LoRA's stages from Airflow: the commands come from `bin/spark-lora`, the meaning of exit codes from the stages."""
