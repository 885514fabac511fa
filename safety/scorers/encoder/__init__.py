"""A sentence encoder whose weights are pinned, with small adapters: what offline scorers that read meaning stand on."""
