"""Bundles of NVIDIA NeMo Evaluator."""
