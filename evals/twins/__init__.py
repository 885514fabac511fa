"""Fresh twins of word problems: other numbers and names, an answer that is computed again."""
