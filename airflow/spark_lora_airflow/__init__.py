"""Runs Spark LoRA's stages from Airflow, with the commands that `bin/spark-lora` prints."""
