"""Where a judge's answers are kept while it is measured, so that an interrupted measurement asks nothing twice."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.settings import cache_dir
from audit.core.errors import WriteError
from audit.core.filesystem import make_folder
from audit.core.records import digest_of
from audit.engine.journal import Journal
from audit.safety.privacy.redaction import holds_personal_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.pipeline.judged.labels import Labels
    from audit.safety.judges.verdicts import RubricJudge
    from audit.safety.scorers.guard.answers import GuardJudge

AGAIN = "repeat the command"
"""What goes on with a judge's work after an interruption, a full disk and the like."""
WITH_DATABASE = ("", "-wal", "-shm")
"""Ends of the names of a journal's files."""


@contextmanager
def kept_answers(
    judge: RubricJudge | GuardJudge, labels: Labels, say: Callable[[str], None]
) -> Iterator[Journal | None]:
    """A journal in the user's cache, for one judge and one set of labelled texts.

    It is removed when the block ends, and stays where the block is interrupted or breaks. Of the texts it holds digests
    alone, and of what the judge writes nothing with personal data in it.

    Args:
        judge: Who is asked.
        labels: About what.
        say: Hears why nothing can be kept; the journal is then None.

    Raises:
        RunFolderError: The journal is damaged.
    """
    path = cache_dir() / "judging" / f"{digest_of('measured', judge.identity, labels.digest)}.sqlite"
    try:
        make_folder(path.parent)
        journal = Journal(path, withholds=holds_personal_data, again=AGAIN)
    except WriteError as error:
        say(f"answers are not kept ({error}): an interruption loses them")
        yield None
        return
    with closing(journal):
        yield journal
    for ending in WITH_DATABASE:  # another file of that name must not meet this one's log
        Path(f"{path}{ending}").unlink(missing_ok=True)
