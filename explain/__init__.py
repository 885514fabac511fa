"""Why did the checkpoint answer as it did: attributions with a measured faithfulness.

``attribute`` makes one attribution, ``methods`` lists the methods, ``suite`` explains samples of a run.
"""
