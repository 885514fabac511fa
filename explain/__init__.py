"""Why did the checkpoint answer as it did: attributions with a measured faithfulness.

``audit.explain(model, prompt, …)`` can be called: see :func:`audit.public.explanations.explain`. Inside,
``attribute`` makes attributions, ``methods.registry`` lists the methods, ``run.suite`` explains samples of a run.
"""
