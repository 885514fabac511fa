"""Runs and verdicts for systems that watch: Prometheus, OpenTelemetry, MLflow and webhooks."""
