"""Log-probabilities by the own endpoints of vLLM and SGLang."""
