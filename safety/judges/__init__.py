"""Models as judges: rubrics, what a judge reads, its verdicts, what is known of it, and answers judged in a run."""
