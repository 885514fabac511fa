"""One run in several processes that do not talk to each other: shards, and how they are merged."""
