"""From the name that a user gives to the files of a checkpoint, checked before loading, and loaded whole."""
