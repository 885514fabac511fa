"""What a run says, for people and for machines: report card, Markdown summary, JSON, and the release gate."""
