"""Whether an answer refuses: the classifier, what it sees of an answer, and how an answer opens."""
