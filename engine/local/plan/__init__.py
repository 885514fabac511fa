"""Which tokens go through the model together: prefix tree, passes, arrays, costs."""
