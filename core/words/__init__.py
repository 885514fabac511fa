"""What a number of a run means, in words: the same sentence, title and digits in card, app, Markdown and terminal.

Everything is read from the run itself (:class:`audit.core.records.MetricWords`, ``chance``, ``majority``, ``ideal``,
:class:`audit.core.records.TaskWords`). A run without these fields shows names, and no chance level.
"""

from __future__ import annotations

from audit.core.words.draws import draw_count as draw_count
from audit.core.words.draws import draws as draws
from audit.core.words.figures import Figures as Figures
from audit.core.words.figures import figures as figures
from audit.core.words.figures import rounded_estimate as rounded_estimate
from audit.core.words.grade import Grade as Grade
from audit.core.words.grade import grade as grade
from audit.core.words.notes import notes as notes
from audit.core.words.sentences import sentence as sentence
from audit.core.words.titles import direction_text as direction_text
from audit.core.words.titles import full_title as full_title
from audit.core.words.titles import metric_title as metric_title
from audit.core.words.titles import reference_text as reference_text
from audit.core.words.titles import task_question as task_question
from audit.core.words.titles import task_title as task_title
