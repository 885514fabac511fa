"""Many checkpoints, audited one after another, and compared."""
