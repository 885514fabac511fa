"""Words of the counts that tasks of every suite have."""

from __future__ import annotations

from audit.core.records import MetricWords

WITHOUT_SCORE = MetricWords(title="Samples that could not be scored")
"""Of ``unscored``."""
CUT_ANSWERS = MetricWords(title="Answers cut by the token limit")
"""Of ``truncated_outputs``."""
CUT_PROMPTS = MetricWords(title="Prompts cut to fit the context")
"""Of ``truncated_prompts``."""
UNREAD_ANSWERS = MetricWords(title="Answers in which no answer could be recognised")
"""Of ``unparsed_answers``."""
