"""Jobs: the pipeline in line or on Celery, schedules, job state."""
