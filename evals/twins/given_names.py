"""Given names in word problems, and others in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

FEMALE = (
    "Amanda", "Amy", "Andrea", "Angela", "Anna", "Ashley", "Barbara", "Betty", "Brenda", "Carol", "Carolyn",
    "Catherine", "Christine", "Cynthia", "Deborah", "Debra", "Denise", "Diana", "Diane", "Donna", "Elizabeth",
    "Ellen", "Emily", "Emma", "Evelyn", "Gloria", "Hannah", "Heather", "Helen", "Isabella", "Jane", "Janet", "Janice",
    "Jennifer", "Jessica", "Joan", "Joyce", "Judith", "Judy", "Julia", "Julie", "Karen", "Katherine", "Kathleen",
    "Kathryn", "Kimberly", "Laura", "Lauren", "Linda", "Lisa", "Margaret", "Maria", "Marie", "Marilyn", "Martha",
    "Mary", "Megan", "Melissa", "Michelle", "Nancy", "Natalie", "Nicole", "Olivia", "Pamela", "Patricia", "Rachel",
    "Rebecca", "Ruth", "Samantha", "Sandra", "Sara", "Sarah", "Sharon", "Shirley", "Sophia", "Stephanie", "Susan",
    "Teresa", "Theresa", "Victoria", "Virginia", "Wendy",
)  # fmt: skip  # fmt: skip
MALE = (
    "Aaron",
    "Adam",
    "Alan",
    "Albert",
    "Allan",
    "Andrew",
    "Anthony",
    "Arthur",
    "Benjamin",
    "Brandon",
    "Brian",
    "Bruce",
    "Bryan",
    "Carl",
    "Charles",
    "Christopher",
    "Daniel",
    "David",
    "Dennis",
    "Donald",
    "Douglas",
    "Dylan",
    "Edward",
    "Eric",
    "Ethan",
    "Eugene",
    "Fred",
    "Gabriel",
    "Gary",
    "George",
    "Gerald",
    "Gregory",
    "Harold",
    "Henry",
    "Jacob",
    "James",
    "Jason",
    "Jeffrey",
    "Jeremy",
    "Jerry",
    "John",
    "Jonathan",
    "Joseph",
    "Joshua",
    "Juan",
    "Justin",
    "Keith",
    "Kenneth",
    "Kevin",
    "Kyle",
    "Larry",
    "Lawrence",
    "Logan",
    "Louis",
    "Matthew",
    "Michael",
    "Nathan",
    "Nicholas",
    "Noah",
    "Patrick",
    "Paul",
    "Peter",
    "Philip",
    "Ralph",
    "Raymond",
    "Richard",
    "Robert",
    "Roger",
    "Ronald",
    "Ryan",
    "Samuel",
    "Scott",
    "Sean",
    "Stephen",
    "Steven",
    "Terry",
    "Thomas",
    "Timothy",
    "Toby",
    "Tom",
    "Tyler",
    "Vincent",
    "Walter",
    "Wayne",
    "William",
    "Zachary",
)
"""Common given names of one gender in the United States (Social Security Administration, births 1945 to 2005). Names
that are also words (Mark, Will, Rose, Grace) and those of both genders are left out."""
_FEMALE, _MALE = frozenset(FEMALE), frozenset(MALE)
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+\b")


def renamed(text: str, generator: random.Random) -> str:
    """A text with other given names: the same name for the same person, of the same gender, none of the old ones.

    Names that are not in the lists stay, also surnames.

    Args:
        text: Any.
        generator: Draws the names.
    """
    there = list(dict.fromkeys(_CAPITALISED.findall(text)))
    new: dict[str, str] = {}
    for known, names in ((_FEMALE, FEMALE), (_MALE, MALE)):
        old = [word for word in there if word in known]
        free = [name for name in names if name not in there]
        new |= dict(zip(old, generator.sample(free, len(old)), strict=True))
    return _CAPITALISED.sub(lambda match: new.get(match.group(), match.group()), text)
