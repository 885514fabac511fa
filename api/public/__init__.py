"""What ``import audit`` offers: audits, finished runs, checkpoints and explanations, made for a notebook."""

import warnings

# tqdm says so, in a notebook without ipywidgets, when transformers is imported; nothing here needs them.
warnings.filterwarnings("ignore", message="IProgress not found")
